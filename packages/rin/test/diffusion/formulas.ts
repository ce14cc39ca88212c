import { normals, type Purpose, uniform } from '@rin/core';
import type { ScheduleConfig } from '../../src/config/diffusion.js';

// What the diffusion process promises, as formulas in float64.

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** γ(t) as it is published. */
export function gammaOf(schedule: ScheduleConfig, t: number): number {
  const share = (f: (u: number) => number, start: number, end: number) =>
    (f(end) - f(t * (end - start) + start)) / (f(end) - f(start));
  const clipped = (value: number) => Math.min(Math.max(value, 1e-9), 1);
  switch (schedule.kind) {
    case 'linear':
      return clipped(1 - t);
    case 'cosine-nichol':
      return Math.cos(((t + 0.0002) / 1.00025) * (Math.PI / 2)) ** 2;
    case 'sigmoid':
      return clipped(share((u) => sigmoid(u / schedule.tau), schedule.start, schedule.end));
    case 'cosine':
      return clipped(
        share((u) => Math.max(Math.cos((u * Math.PI) / 2), 0) ** (2 * schedule.tau), schedule.start, schedule.end),
      );
    case 'log': {
      const { start, end, reverse } = schedule;
      return clipped(reverse ? share(Math.log, end, start) : share(Math.log, start, end));
    }
  }
}

/** A sample of the training stream after it was noised; all arrays are of one sample's length. */
export interface Noised {
  readonly t: number;
  readonly gamma: number;
  readonly x: number[];
  readonly eps: number[];
  readonly xt: number[];
}

/** Noises the pixels of one sample with the draws that belong to its position. */
export function noised(
  pixels: ArrayLike<number>,
  schedule: ScheduleConfig,
  { seed, position, inputScale = 1, t = uniform(seed, 'time', position, 0) }: NoisedOptions,
): Noised {
  const gamma = gammaOf(schedule, t);
  const x = Array.from(pixels, (byte) => ((2 * byte) / 255 - 1) * inputScale);
  const eps = draws(seed, 'noise', position, 0, x.length);
  return { t, gamma, x, eps, xt: x.map((value, i) => Math.sqrt(gamma) * value + Math.sqrt(1 - gamma) * eps[i]) };
}

interface NoisedOptions {
  readonly seed: number;
  readonly position: number;
  readonly inputScale?: number;
  readonly t?: number;
}

/** Standard normals of the counter-based generator. */
export function draws(seed: number, purpose: Purpose, sample: number, step: number, length: number): number[] {
  const out = new Float32Array(length);
  normals(seed, purpose, sample, step, out);
  return [...out];
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
export const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** 2));
};
