import type { Arithmetic } from '../arithmetic.js';
import { epsOf, type SignalAndNoise } from '../process.js';
import type { Purpose } from '../random.js';
import type { Combination, Quantity, Term } from './sampler.js';

/** Where a store gets values that are no results of evaluations. */
export interface QuantitySource<T> {
  /** Standard normal noise of the samples. It depends only on their seeds, the purpose and the step of the draw. */
  normals(purpose: Purpose, step: number): T;
  /** in-painting: the known picture, and `known` in its known pixels with `drawn` in the others; absent = nothing is known */
  readonly known?: { readonly picture: T; mix(drawn: T, known: T): T };
}

/** An evaluation whose results a sampler may still use. */
export interface KeptEvaluation<T> {
  /** from 0 */
  readonly number: number;
  readonly x: T;
  readonly x0: T;
  readonly at: SignalAndNoise<T>;
}

/** A sampler may use the results of this many evaluations, the newest ones. */
const mostKept = 2;

/** The `step` of a draw: a step of the plan, and its repetition, in 32 bits. A plan has at most 1,000,000 steps. */
const place = ({ step, repetition = 0 }: { readonly step: number; readonly repetition?: number }): number =>
  step + repetition * 2 ** 20;

/** The values of the quantities that a sampler names, for the samples of a batch. */
export class QuantityStore<T extends Arithmetic<T>> {
  readonly #source: QuantitySource<T>;
  #kept: readonly KeptEvaluation<T>[] = [];

  constructor(source: QuantitySource<T>) {
    this.#source = source;
  }

  /** A linear combination of named values, [B, C, ...size]. */
  combine([first, ...rest]: Combination): T {
    let sum = this.#scaled(first);
    for (const [factor, quantity] of rest) if (factor !== 0) sum = sum.add(this.#value(quantity), { alpha: factor });
    return sum;
  }

  /** Keeps the results of an evaluation, and drops the oldest ones. @returns all that are kept now */
  keep(evaluation: KeptEvaluation<T>): readonly KeptEvaluation<T>[] {
    this.#kept = [...this.#kept, evaluation].slice(-mostKept);
    return this.#kept;
  }

  #scaled([factor, quantity]: Term): T {
    const value = this.#value(quantity);
    return factor === 1 ? value : value.mul(factor);
  }

  #value(quantity: Quantity): T {
    switch (quantity.of) {
      case 'start':
        return this.#source.normals('sampleStart', 0);
      case 'noise':
        return this.#source.normals('sampleStep', place(quantity));
      case 'knownNoise':
      case 'jumpNoise':
        return this.#source.normals(quantity.of, place(quantity));
      case 'known':
        return this.#known.picture;
      case 'mixed':
        return this.#known.mix(this.combine(quantity.drawn), this.combine(quantity.known));
    }
    const found = this.#kept.find(({ number }) => number === quantity.evaluation);
    if (!found) throw new RangeError(`evaluation ${quantity.evaluation} is not kept any more`);
    return quantity.of === 'eps' ? epsOf(found.x, found.x0, found.at) : found[quantity.of];
  }

  get #known(): NonNullable<QuantitySource<T>['known']> {
    if (!this.#source.known) throw new RangeError('a sampler names known pixels, but there are none');
    return this.#source.known;
  }
}
