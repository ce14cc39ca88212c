import { RinError } from '@rin/core';
import { type Device, type Module, noGrad, scope } from '@rin/torch';
import { EfficientNetLite0, efficientNetInput } from './efficientNet.js';
import { fewestFrames, I3D, i3dInput } from './i3d.js';
import { InceptionV3, inceptionClasses, inceptionInput } from './inception.js';
import { disposeModule, type Network } from './network.js';
import { readNumpyFile } from './pickle/numpyFile.js';
import { readStateDict } from './pickle/torchArchive.js';
import { Weights } from './weights.js';

/** A file of weights that was read. */
export interface WeightsFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** EfficientNet-Lite0 from a state dict of PyTorch. @param size  width and height of its input */
export function efficientNet({ path, bytes }: WeightsFile, device: Device, size: number): Network {
  const network = built(
    device,
    () => new EfficientNetLite0(new Weights(path, bytes, readStateDict, 'EfficientNet-Lite0')),
  );
  return {
    medium: 'picture',
    features: 1280,
    classes: 1000,
    preprocessing: `scaled to ${size}×${size}, bilinear, antialiased; (p − 127)/128`,
    atOnce: 64,
    forward: (pixels) => network.forward(efficientNetInput(pixels, size)),
    dispose: () => disposeModule(network),
  };
}

/** I3D from a pickle of NumPy arrays. */
export function i3d({ path, bytes }: WeightsFile, device: Device): Network {
  const network = built(device, () => new I3D(new Weights(path, bytes, readNumpyFile, 'I3D')));
  return {
    medium: 'clip',
    features: 400,
    classes: 400,
    preprocessing: 'frames scaled to 224×224, bilinear, not antialiased; 2p/255 − 1; features are the 400 logits',
    atOnce: 2,
    forward(pixels) {
      const frames = pixels.shape[2];
      if (frames < fewestFrames)
        throw new RinError(
          `the detector i3d-kinetics-400 needs clips of at least ${fewestFrames} frames, got ${frames}`,
        );
      const logits = network.forward(i3dInput(pixels));
      return { features: logits, logits };
    },
    dispose: () => disposeModule(network),
  };
}

/** Inception from the state dict of pytorch-fid and torch-fidelity. */
export function inceptionFromWeights({ path, bytes }: WeightsFile, device: Device): Network {
  const network = built(device, () => new InceptionV3(new Weights(path, bytes, readStateDict, 'Inception')));
  return {
    medium: 'picture',
    features: 2048,
    classes: inceptionClasses,
    preprocessing: 'scaled to 299×299, bilinear as TensorFlow 1; (p − 128)/128',
    atOnce: 16,
    forward: (pixels) => network.forward(inceptionInput(pixels)),
    dispose: () => disposeModule(network),
  };
}

/** Builds a network on a device. Only its weights outlive this. */
const built = <T extends Module>(device: Device, build: () => T): T =>
  scope(() => noGrad(() => (device === 'cpu' ? build() : build().to(device))));
