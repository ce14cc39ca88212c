import { type Module, noGrad, scope, type Tensor } from '@rin/torch';
import type { Detector } from './detector.js';
import { pixelsOf } from './pixels.js';

/** A network that is open, and what its inputs and outputs are. */
export interface Network extends Pick<Detector, 'medium' | 'features' | 'classes' | 'preprocessing'> {
  /** Samples that it takes at once, which bounds the memory. */
  readonly atOnce: number;
  /**
   * @param pixels  float32 in 0 to 255, [B, 3, H, W] or [B, 3, T, H, W]
   * @returns features [B, F], and logits [B, classes] if there are classes
   * @throws RinError if the samples are too small, or the program in the file fails
   */
  forward(pixels: Tensor): { readonly features: Tensor; readonly logits?: Tensor };
  dispose(): void;
}

/** `Detector.extract` of a network. */
export function extractor(network: Network, name: Detector['name'], device: Tensor['device']): Detector['extract'] {
  const { medium, features, classes, atOnce } = network;
  return (batch, shape) => {
    const result = {
      features: new Float32Array(batch.length * features),
      logits: new Float32Array(batch.length * classes),
    };
    for (let start = 0; start < batch.length; start += atOnce) {
      const part = batch.slice(start, start + atOnce);
      scope(() =>
        noGrad(() => {
          const made = network.forward(pixelsOf(part, shape, { name, medium }, device));
          result.features.set(made.features.toTypedArray() as Float32Array, start * features);
          if (made.logits) result.logits.set(made.logits.toTypedArray() as Float32Array, start * classes);
        }),
      );
    }
    return result;
  };
}

/** Frees the weights of a network. */
export function disposeModule(module: Module): void {
  for (const tensor of Object.values(module.parameters())) tensor.dispose();
}
