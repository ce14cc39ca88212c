import type { Arithmetic } from '../arithmetic.js';

/**
 * What a step carries to the next: μ·old + (1 − μ)·latest with momentum μ in [0, 1) (reference: the authors' sampler).
 * @param old  of the step before; undefined = zero
 */
export function carry<T extends Arithmetic<T>>(latest: T, old: T | undefined, momentum: number): T {
  if (momentum === 0) return latest;
  const scaled = latest.mul(1 - momentum);
  return old ? scaled.add(old, { alpha: momentum }) : scaled;
}
