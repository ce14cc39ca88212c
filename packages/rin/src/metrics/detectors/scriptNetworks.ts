import { basename } from 'node:path';
import { isOutOfMemory, isTorchError, RinError } from '@rin/core';
import { type Device, loadTorchScript, noGrad, type ScriptModule, scope, type Tensor, tensor } from '@rin/torch';
import type { Network } from './network.js';

const inceptionFeatures = 2048;
const i3dFeatures = 400;

/**
 * Inception from a TorchScript of the signature of NVIDIA's `inception-2015-12-05.pt`: pictures [B, 3, H, W] in 0 to 255 of any
 * size, `return_features=True` → [B, 2048]. The logits are the features times `output.weight`, which is the last layer without its
 * bias. If the file computes its classes in another way, there are no logits.
 * @throws RinError if the file is no such TorchScript
 */
export function inceptionFromScript(path: string, device: Device): Network {
  const script = load(path, device);
  const featuresOf = (pixels: Tensor) => run(path, script, pixels, { return_features: true }, inceptionFeatures);
  const last = scope(() => noGrad(() => lastLayer(script, featuresOf, device)));
  return {
    medium: 'picture',
    features: inceptionFeatures,
    classes: last?.shape[0] ?? 0,
    preprocessing: 'from 0 to 255, scaled to 299×299 by the program in the file',
    atOnce: 16,
    forward(pixels) {
      const features = featuresOf(pixels);
      return last ? { features, logits: features.matmul(last.transpose(0, 1)) } : { features };
    },
    dispose() {
      last?.dispose();
      script.dispose();
    },
  };
}

/**
 * I3D from a TorchScript of the signature of StyleGAN-V's `i3d_torchscript.pt`: clips [B, 3, T, H, W] in 0 to 255, `rescale`,
 * `resize` and `return_features` true → the 400 logits.
 * @throws RinError if the file is no TorchScript
 */
export function i3dFromScript(path: string, device: Device): Network {
  const script = load(path, device);
  const options = { rescale: true, resize: true, return_features: true };
  return {
    medium: 'clip',
    features: i3dFeatures,
    classes: i3dFeatures,
    preprocessing: 'from 0 to 255, scaled to 224×224 by the program in the file; features are the 400 logits',
    atOnce: 2,
    forward(pixels) {
      const logits = run(path, script, pixels, options, i3dFeatures);
      return { features: logits, logits };
    },
    dispose: () => script.dispose(),
  };
}

function load(path: string, device: Device): ScriptModule {
  try {
    return loadTorchScript(path, { device });
  } catch (error) {
    throw asRinError(error);
  }
}

function run(
  path: string,
  script: ScriptModule,
  pixels: Tensor,
  options: Readonly<Record<string, boolean>>,
  length: number,
): Tensor {
  try {
    const [features, ...others] = script.forward([pixels], options);
    const expected = [pixels.shape[0], length];
    if (others.length === 0 && features?.shape.join() === expected.join()) return features.float();
    const found = [features, ...others].map((result) => `[${result?.shape.join(', ') ?? ''}]`).join(' and ');
    throw new RinError(
      `${basename(path)} gives ${found} for ${pixels.shape[0]} samples, expected [${expected.join(', ')}]; use the file that docs/detectors.md names`,
    );
  } catch (error) {
    throw asRinError(error);
  }
}

/** The weight of the last layer, if it gives the probabilities of the file itself for a test picture. */
function lastLayer(script: ScriptModule, featuresOf: (pixels: Tensor) => Tensor, device: Device): Tensor | undefined {
  const weight = script.tensors()['output.weight'];
  const bytes = Float32Array.from({ length: 3 * 32 * 32 }, (_, index) => (37 * index) % 251);
  const pixels = tensor(bytes, [1, 3, 32, 32]).to(device);
  const features = featuresOf(pixels);
  if (weight?.shape.length !== 2 || weight.shape[1] !== inceptionFeatures) return undefined;
  try {
    const [probabilities] = script.forward([pixels], { no_output_bias: true });
    const ours = features.matmul(weight.transpose(0, 1)).softmax(1);
    return ours.sub(probabilities).abs().max().item() < 1e-4 ? weight : undefined;
  } catch {
    return undefined; // it has another signature
  }
}

/** A failing program is a problem of the file; memory that runs out is not. */
const asRinError = (error: unknown): unknown =>
  isTorchError(error) && !isOutOfMemory(error) ? new RinError(error.message) : error;
