import { type KeptEvaluation, purposes, QuantityStore } from '@rin/core';
import { empty, philoxNormal, Tensor, where } from '@rin/torch';
import type { KnownTensors } from './known.js';

/** The tensors of the quantities that a sampler names, on one device. */
export type Quantities = QuantityStore<Tensor>;

/**
 * The quantities for the pictures of some seeds.
 * @param shape    [C, ...size] of what is sampled
 * @param section  of a longer clip, from 0
 * @param known    the known pixels, for in-painting
 */
export function quantitiesOf(
  seeds: readonly number[],
  shape: readonly number[],
  device: string,
  { section = 0, known }: { section?: number; known?: KnownTensors } = {},
): Quantities {
  return new QuantityStore<Tensor>({
    normals: (purpose, step) => {
      const out = empty([seeds.length, ...shape], { device });
      return philoxNormal(out, { seed: section, samples: seeds, step, purpose: purposes[purpose] });
    },
    ...(known && {
      known: { picture: known.picture, mix: (drawn, others) => where(known.drawn, drawn, others) },
    }),
  });
}

/** All tensors of evaluations. */
export const keptTensors = (kept: readonly KeptEvaluation<Tensor>[]): Tensor[] =>
  kept.flatMap(({ x, x0, at }) => [x, x0, at.signal, at.noise]).filter((each) => each instanceof Tensor);
