import { tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { numbers, Scripted } from './scripted.js';

// Data of which everything is known: 24 pixels, jointly normal with mean 0 and the covariance s²·ρ^|i − j|. The best network's
// answer E[x | x_t] and the distribution of some pixels given the others have closed forms.

/** Number of pixels, standard deviation, and correlation of neighbours. */
export const [length, deviation, correlation] = [24, 0.3, 0.8];

type Matrix = readonly (readonly number[])[];

const square = (entry: (i: number, j: number) => number): Matrix =>
  Array.from({ length }, (_, i) => Array.from({ length }, (_, j) => entry(i, j)));

export const covariance: Matrix = square((i, j) => deviation ** 2 * correlation ** Math.abs(i - j));

/** A⁻¹·B, by elimination; A is positive definite. */
export function solve(a: Matrix, b: Matrix): number[][] {
  const rows = a.map((row, i) => [...row, ...b[i]]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows[i][i];
    rows[i] = rows[i].map((value) => value / pivot);
    for (let other = 0; other < rows.length; other++) {
      const factor = rows[other][i];
      if (other !== i) rows[other] = rows[other].map((value, at) => value - factor * rows[i][at]);
    }
  }
  return rows.map((row) => row.slice(a.length));
}

/** The network whose x̂₀ is E[x | x_t] = √γ·Σ·(γΣ + (1 − γ)I)⁻¹·x_t. */
export function best(config: Config): Scripted {
  const known = new Map<number, number[][]>();
  const matrixAt = (gamma: number): number[][] => {
    const noisy = square((i, j) => gamma * covariance[i][j] + (i === j ? 1 - gamma : 0));
    const found = known.get(gamma) ?? solve(noisy, covariance); // transposed: both are symmetric
    known.set(gamma, found);
    return found;
  };
  return new Scripted(config, (x, [gamma]) => {
    const matrix = matrixAt(gamma);
    const [batch] = x.shape;
    const values = numbers(x);
    const answers = new Float32Array(values.length);
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let j = 0; j < length; j++) sum += matrix[j][i] * values[b * length + j];
        answers[b * length + i] = Math.sqrt(gamma) * sum;
      }
    }
    return { prediction: tensor(answers, x.shape) };
  });
}

/** Mean and covariance of the drawn pixels given the known ones: Σ_dk·Σ_kk⁻¹·k, and Σ_dd − Σ_dk·Σ_kk⁻¹·Σ_kd. */
export function conditional(
  values: readonly number[],
  isDrawn: readonly boolean[],
): { mean: number[]; covariance: number[][] } {
  const places = [...isDrawn.keys()];
  const [drawn, known] = [true, false].map((wanted) => places.filter((place) => isDrawn[place] === wanted));
  const part = (rows: number[], columns: number[]) => rows.map((i) => columns.map((j) => covariance[i][j]));
  const weights = solve(part(known, known), part(known, drawn)); // Σ_kk⁻¹·Σ_kd
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const column = (i: number) => weights.map((row) => row[i]);
  return {
    mean: drawn.map((_, i) =>
      dot(
        column(i),
        known.map((place) => values[place]),
      ),
    ),
    covariance: drawn.map((place, i) =>
      drawn.map(
        (other, j) =>
          covariance[place][other] -
          dot(
            column(i),
            known.map((each) => covariance[each][drawn[j]]),
          ),
      ),
    ),
  };
}
