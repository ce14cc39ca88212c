import { type Combination, purposes, type Quantity, type Term } from '@rin/core';
import { empty, philoxNormal, type Tensor } from '@rin/torch';
import { epsOf, type Levels } from './process.js';

/** An evaluation whose results a sampler may still name. */
interface Kept {
  /** from 0 */
  readonly number: number;
  readonly x: Tensor;
  readonly x0: Tensor;
  readonly at: Levels;
}

/** A sampler may name the results of so many evaluations, the newest ones. */
const mostKept = 2;

/** The tensors behind the names that a sampler uses (`Quantity` in @rin/core), for the pictures of some seeds. */
export class Quantities {
  readonly #seeds: readonly number[];
  readonly #shape: readonly number[];
  readonly #device: string;
  #kept: readonly Kept[] = [];

  /** @param shape  [C, ...size] of a sample */
  constructor(seeds: readonly number[], shape: readonly number[], device: string) {
    this.#seeds = seeds;
    this.#shape = shape;
    this.#device = device;
  }

  /** A linear combination of named tensors, [B, C, ...size]. */
  combine([first, ...rest]: Combination): Tensor {
    let sum = this.#scaled(first);
    for (const [factor, quantity] of rest) if (factor !== 0) sum = sum.add(this.#tensor(quantity), { alpha: factor });
    return sum;
  }

  /** Keeps the results of an evaluation, and lets the oldest ones go. @returns all tensors that are kept now */
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

  /** Standard normal noise; the noise of a picture is a function of its seed alone. */
  #normals(purpose: number, step: number): Tensor {
    const out = empty([this.#seeds.length, ...this.#shape], { device: this.#device });
    return philoxNormal(out, { seed: 0, samples: this.#seeds, step, purpose });
  }
}
