import type { Point } from '../lossCurves.js';

/** Values over images seen. */
export type Numbers = readonly Point[];

/** Means of `part` neighbours, each at the middle one. @param part at most the number of values */
export function slidingMeans(values: Numbers, part: number): Point[] {
  const sums = [0];
  for (const { value } of values) sums.push(sums[sums.length - 1] + value);
  return Array.from({ length: values.length - part + 1 }, (_, first) => ({
    images: values[first + Math.floor(part / 2)].images,
    value: (sums[first + part] - sums[first]) / part,
  }));
}

/**
 * Standard deviation of the noise of values that follow a smooth curve: from the median of their second differences, which a
 * straight line leaves at 0. For independent normal noise, a second difference has √6 times its standard deviation, and the
 * median of absolute values is 0.6745 standard deviations.
 */
export function spread(values: Numbers): number {
  const bends = values
    .slice(2)
    .map(({ value }, i) => Math.abs(value - 2 * values[i + 1].value + values[i].value))
    .sort((a, b) => a - b);
  return bends.length === 0 ? 0 : bends[Math.floor(bends.length / 2)] / 0.6745 / Math.sqrt(6);
}
