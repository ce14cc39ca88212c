import { basename } from 'node:path';
import { RinError } from '@rin/core';
import { type Device, type Module, noGrad, scope, type Tensor } from '@rin/torch';
import { fetchPinned, type PinnedFile } from '@rin/torch/setup/pinned';
import { type Detector, type DetectorName, type DetectorRequest, detectorNames } from './detector.js';
import { EfficientNetLite0, efficientNetInput } from './efficientNet.js';
import { efficientNetFile } from './files.js';
import { readTorchFile } from './pickle/torchFile.js';
import { pixelsOf } from './pixels.js';
import { readWeightsFile, Weights } from './weights.js';

export async function openDetector(request: DetectorRequest): Promise<Detector> {
  const path = request.path ?? (await fetchPinned(efficientNetFile, request.onProgress ?? (() => {})));
  const { bytes, sha256 } = await readWeightsFile(path);
  const size = request.size ?? 128;
  const network = scope(() => new EfficientNetLite0(new Weights(path, bytes, readTorchFile, 'EfficientNet-Lite0')));
  return {
    name: 'efficientnet-lite0', sha256, file: basename(path), features: 1280, classes: 1000, medium: 'picture', preprocessing: '', figures: { frechet: '', kernel: '' },
    extract(batch, shape) { return scope(() => noGrad(() => { const { features, logits } = network.forward(efficientNetInput(pixelsOf(batch, shape, { name: 'efficientnet-lite0', medium: 'picture' }, 'cpu'), size)); return { features: features.toTypedArray() as Float32Array, logits: logits.toTypedArray() as Float32Array }; })); },
    dispose() { for (const t of Object.values(network.parameters())) t.dispose(); },
  };
}
