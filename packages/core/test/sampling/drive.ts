import assert from 'node:assert/strict';
import {
  type Combination,
  evaluated,
  type PlanStep,
  type Quantity,
  type SamplerName,
  type SamplerOptions,
  samplers,
} from '../../src/index.js';

/** x̂₀ of all values of x at a signal level. */
export type Denoiser = (x: readonly number[], gamma: number, oneMinusGamma: number) => number[];

export interface Driven {
  /** the x that each step began with */
  readonly begins: readonly (readonly number[])[];
  readonly picture: readonly number[];
  readonly evaluations: number;
}

interface DriveOptions {
  readonly options?: Partial<SamplerOptions>;
  /** the fresh noise of a step */
  readonly noise?: (step: number) => readonly number[];
}

const noNoise = () => assert.fail('a sampler without noise drew some');

/** Drives a sampler in float64 with numbers for tensors. */
export function drive(
  name: SamplerName,
  steps: readonly PlanStep[],
  start: readonly number[],
  denoise: Denoiser,
  { options, noise = noNoise }: DriveOptions = {},
): Driven {
  const sampling = samplers[name](steps, { variance: 'large', eta: 0, ...options });
  const done: { x: number[]; x0: number[]; eps: number[] }[] = [];
  const find = (quantity: Quantity): readonly number[] => {
    if (quantity.of === 'start') return start;
    if (quantity.of === 'noise') return noise(quantity.step);
    assert.ok('evaluation' in quantity, 'a sampler names no known pixels');
    assert.ok(quantity.evaluation >= done.length - 2, 'a driver keeps two evaluations');
    return done[quantity.evaluation][quantity.of];
  };
  const combine = (terms: Combination): number[] => {
    const used = terms.filter(([factor], i) => i === 0 || factor !== 0);
    const values = used.map(([factor, quantity]) => ({ factor, value: find(quantity) }));
    return start.map((_, i) => values.reduce((sum, { factor, value }) => sum + factor * value[i], 0));
  };
  const begins: number[][] = [];
  let wanted = sampling.next();
  while (!wanted.done) {
    const { step, gamma, oneMinusGamma } = wanted.value;
    const x = combine(wanted.value.x);
    begins[step] ??= x;
    const x0 = denoise(x, gamma, oneMinusGamma);
    const eps = x.map((value, i) => (value - Math.sqrt(gamma) * x0[i]) / Math.sqrt(oneMinusGamma));
    done.push({ x, x0, eps });
    wanted = sampling.next(evaluated(done.length - 1));
  }
  return { begins, picture: combine(wanted.value), evaluations: done.length };
}
