import { type Combination, purposes, type Quantity, type Term } from '@rin/core';
import { empty, philoxNormal, type Tensor } from '@rin/torch';
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

/** The tensors of the quantities that a sampler names (`Quantity` in @rin/core), for the pictures of some seeds. */
export class Quantities {
  readonly #seeds: readonly number[];
  readonly #shape: readonly number[];
  readonly #device: string;
  readonly #section: number;
  #kept: readonly Kept[] = [];

  /**
   * @param shape    [C, ...size] of what is sampled
   * @param section  of a longer clip, from 0
   */
  constructor(seeds: readonly number[], shape: readonly number[], device: string, section = 0) {
    this.#seeds = seeds;
    this.#shape = shape;
    this.#device = device;
    this.#section = section;
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
    if (quantity.of === 'start') return this.#normals(purposes.sampleStart, 0);
    if (quantity.of === 'noise') return this.#normals(purposes.sampleStep, quantity.step);
    const found = this.#kept.find(({ number }) => number === quantity.evaluation);
    if (!found) throw new RangeError(`evaluation ${quantity.evaluation} is not kept any more`);
    return quantity.of === 'eps' ? epsOf(found.x, found.x0, found.at) : found[quantity.of];
  }

  /** Standard normal noise. The noise of a picture depends only on its seed, the section, the purpose and the step. */
  #normals(purpose: number, step: number): Tensor {
    const out = empty([this.#seeds.length, ...this.#shape], { device: this.#device });
    return philoxNormal(out, { seed: this.#section, samples: this.#seeds, step, purpose });
  }
}
