import type { Denoiser } from './drive.js';

// Data of which everything is known: a mixture of three normal numbers.

const parts = [
  { weight: 0.5, mean: -0.6, deviation: 0.3 },
  { weight: 0.2, mean: 0.3, deviation: 0.4 },
  { weight: 0.3, mean: 0.9, deviation: 0.25 },
];

/** Variance of a part after noising. */
const spread = (deviation: number, gamma: number, oneMinusGamma: number) => gamma * deviation ** 2 + oneMinusGamma;

/** E[x | x_t] */
export const denoise: Denoiser = (x, gamma, oneMinusGamma) =>
  x.map((value) => {
    let [sum, total] = [0, 0];
    for (const { weight, mean, deviation } of parts) {
      const variance = spread(deviation, gamma, oneMinusGamma);
      const gap = value - Math.sqrt(gamma) * mean;
      const likelihood = (weight / Math.sqrt(variance)) * Math.exp(-(gap ** 2) / (2 * variance));
      sum += likelihood * (mean + ((Math.sqrt(gamma) * deviation ** 2) / variance) * gap);
      total += likelihood;
    }
    return sum / total;
  });

/** The probability that x_t is at most this. */
const below = (value: number, gamma: number, oneMinusGamma: number): number =>
  parts.reduce((sum, { weight, mean, deviation }) => {
    const scale = Math.sqrt(spread(deviation, gamma, oneMinusGamma));
    return sum + weight * normalBelow((value - Math.sqrt(gamma) * mean) / scale);
  }, 0);

/** Φ(z) = ½ + φ(z)·(z + z³/3 + z⁵/15 + …), whose terms all have one sign */
function normalBelow(z: number): number {
  let [term, sum] = [z, z];
  for (let n = 3; Math.abs(term) > 1e-18 * Math.abs(sum); n += 2) {
    term *= z ** 2 / n;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-(z ** 2) / 2)) / Math.sqrt(2 * Math.PI);
}

interface Level {
  readonly gamma: number;
  readonly oneMinusGamma: number;
}

/**
 * Where the probability flow takes x from one level to another, exactly. The flow of a single number keeps the order of all
 * numbers, so the share of the mixture below x stays the same.
 */
export function flowed(x: number, from: Level, to: Level): number {
  const share = below(x, from.gamma, from.oneMinusGamma);
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (below(middle, to.gamma, to.oneMinusGamma) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Mean of x, and of (x − mean)ⁿ for n = 2, 3, 4 */
export function moments(): number[] {
  const mean = parts.reduce((sum, part) => sum + part.weight * part.mean, 0);
  const central = (n: number) =>
    parts.reduce((sum, { weight, mean: own, deviation: s }) => {
      const d = own - mean;
      return (
        sum + weight * [d ** 2 + s ** 2, d ** 3 + 3 * d * s ** 2, d ** 4 + 6 * d ** 2 * s ** 2 + 3 * s ** 4][n - 2]
      );
    }, 0);
  return [mean, central(2), central(3), central(4)];
}
