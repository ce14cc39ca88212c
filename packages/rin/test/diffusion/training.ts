import { scope } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import type { Batch } from '../../src/data/loader.js';
import { type Draw, trainingLoss } from '../../src/diffusion/objective.js';
import type { RIN } from '../../src/model/rin.js';
import { network } from '../model/reference/compare.js';
import { generator, randomParameters } from '../model/reference/draws.js';

/** Random pixels, and labels −1, 0, 1, 2 in turn. */
export function batchOf(count: number, length = 24, seed = 1): Batch {
  const random = generator(seed);
  return {
    pixels: Uint8Array.from({ length: count * length }, () => Math.floor(random() * 256)),
    labels: Int32Array.from({ length: count }, (_, i) => (i % 4) - 1),
  };
}

/** Samples `from` to `to` of a batch. */
export const slice = ({ pixels, labels }: Batch, from: number, to: number): Batch => {
  const length = pixels.length / labels.length;
  return { pixels: pixels.slice(from * length, to * length), labels: labels.slice(from, to) };
};

/** The draws of a batch that is whole, with changes. */
export const drawOf = (over: Partial<Draw> = {}): Draw => ({
  ...{ seed: 7, position: 1000, offset: 0, total: 8, step: 3, dtype: 'float32', meanSquare: 0.3 },
  ...over,
});

/** A network in which every path matters: the initial one starts with closed gates. */
export const livelyNetwork = ({ model }: Config, seed = 1): RIN =>
  network(model, randomParameters(model, seed), 'float32');

/** The loss as a number. */
export const lossOf = (rin: RIN, { diffusion }: Config, batch: Batch, over: Partial<Draw> = {}): number =>
  scope(() => trainingLoss(rin, diffusion, batch, drawOf({ total: batch.labels.length, ...over })).item());

/** The gradient of the loss by each parameter; what none reaches is left out. */
export function gradientsOf(rin: RIN, { diffusion }: Config, batch: Batch, over: Partial<Draw> = {}) {
  scope(() => trainingLoss(rin, diffusion, batch, drawOf({ total: batch.labels.length, ...over })).backward());
  return takeGradients(rin);
}

/** The gradients that were left by a backward pass, which are taken away. */
export function takeGradients(rin: RIN): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const [name, parameter] of Object.entries(rin.parameters())) {
    const { grad } = parameter;
    if (grad) found[name] = Array.from(grad.toTypedArray(), Number);
    parameter.grad = null;
  }
  return found;
}
