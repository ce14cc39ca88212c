import { type Combination, purposes, type Quantity, type Term } from '@rin/core';
import { empty, philoxNormal, type Tensor, where } from '@rin/torch';
import type { KnownTensors } from './known.js';
import { epsOf, type Levels } from './process.js';

/** An evaluation whose results a sampler may still use. */
interface Kept {
  /** from 0 */
  readonly number: number;
  readonly x: Tensor;
  readonly x0: Tensor;
  readonly at: Levels;
}

/** A sampler may use the results of this many evaluations, the newest ones. */
const mostKept = 2;

/** The `step` of a draw: a step of the plan, and its repetition, in 32 bits. A plan has at most 1,000,000 steps. */
const place = ({ step, repetition = 0 }: { readonly step: number; readonly repetition?: number }): number =>
  step + repetition * 2 ** 20;

/** The tensors of the quantities that a sampler names (`Quantity` in @rin/core), for the pictures of some seeds. */
export class Quantities {
  readonly #seeds: readonly number[];
  readonly #shape: readonly number[];
  readonly #device: string;
  readonly #section: number;
  readonly #known: KnownTensors | undefined;
  #kept: readonly Kept[] = [];

  /**
   * @param shape    [C, ...size] of what is sampled
   * @param section  of a longer clip, from 0
   * @param known    the known pixels, for in-painting
   */
  constructor(
    seeds: readonly number[],
    shape: readonly number[],
    device: string,
    { section = 0, known }: { section?: number; known?: KnownTensors } = {},
  ) {
    this.#seeds = seeds;
    this.#shape = shape;
    this.#device = device;
    this.#section = section;
    this.#known = known;
  }

  /** A linear combination of named tensors, [B, C, ...size]. */
  combine([first, ...rest]: Combination): Tensor {
    let sum = this.#scaled(first);
    for (const [factor, quantity] of rest) if (factor !== 0) sum = sum.add(this.#tensor(quantity), { alpha: factor });
    return sum;
  }

  /** Keeps the results of an evaluation, and drops the oldest ones. @returns all tensors that are kept now */
  keep(evaluated: Kept): Tensor[] {
    this.#kept = [...this.#kept, evaluated].slice(-mostKept);
    return this.#kept.flatMap(({ x, x0, at }) => [x, x0, at.signal, at.noise]);
  }

  #scaled([factor, quantity]: Term): Tensor {
    const tensor = this.#tensor(quantity);
    return factor === 1 ? tensor : tensor.mul(factor);
  }

  #tensor(quantity: Quantity): Tensor {
    switch (quantity.of) {
      case 'start':
        return this.#normals(purposes.sampleStart, 0);
      case 'noise':
        return this.#normals(purposes.sampleStep, place(quantity));
      case 'knownNoise':
      case 'jumpNoise':
        return this.#normals(purposes[quantity.of], place(quantity));
      case 'known':
        return this.#inpainting.picture;
      case 'mixed':
        return where(this.#inpainting.drawn, this.combine(quantity.drawn), this.combine(quantity.known));
    }
    const found = this.#kept.find(({ number }) => number === quantity.evaluation);
    if (!found) throw new RangeError(`evaluation ${quantity.evaluation} is not kept any more`);
    return quantity.of === 'eps' ? epsOf(found.x, found.x0, found.at) : found[quantity.of];
  }

  get #inpainting(): KnownTensors {
    if (!this.#known) throw new RangeError('a sampler names known pixels, but there are none');
    return this.#known;
  }

  /** Standard normal noise. The noise of a picture depends only on its seed, the section, the purpose and the step. */
  #normals(purpose: number, step: number): Tensor {
    const out = empty([this.#seeds.length, ...this.#shape], { device: this.#device });
    return philoxNormal(out, { seed: this.#section, samples: this.#seeds, step, purpose });
  }
}
