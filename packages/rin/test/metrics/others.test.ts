import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { densityCoverage } from '../../src/metrics/densityCoverage.js';
import { frechetDistance } from '../../src/metrics/frechet.js';
import { inceptionScore } from '../../src/metrics/inceptionScore.js';
import { kernelDistance } from '../../src/metrics/kernel.js';
import { momentsOf } from '../../src/metrics/moments.js';
import { precisionRecall } from '../../src/metrics/precisionRecall.js';
import { madeFeatures } from './features.js';

interface Expected {
  readonly count: number;
  readonly width: number;
  readonly seeds: [number, number];
  readonly frechet: Record<'scipy' | 'factors' | 'torch-fidelity' | 'clean-fid', number>;
  readonly kernel: Record<'torch-fidelity' | 'clean-fid', number>;
  readonly precision: number;
  readonly recall: number;
  readonly density: number;
  readonly coverage: number;
  readonly score: Record<'1' | '3', [number, number]>;
}

// others.py wrote others.json from the same features.
const others: Record<string, Expected> = JSON.parse(
  readFileSync(new URL('../../../test/metrics/others.json', import.meta.url), 'utf8'),
);

function near(found: number, expected: number, relative: number, what: string): void {
  const off = Math.abs(found - expected);
  assert.ok(off <= relative * Math.abs(expected), `${what}: ${found}, expected ${expected}, off by ${off}`);
}

for (const [name, expected] of Object.entries(others)) {
  const { count, width, seeds } = expected;
  const [samples, reference] = seeds.map((seed) => madeFeatures(count, width, seed));

  test(`the Fréchet distance is that of SciPy, torch-fidelity and clean-fid: ${name}`, () => {
    const found = frechetDistance(momentsOf(samples), momentsOf(reference));
    // The singular values of the samples themselves are exact, also with fewer samples than features.
    near(found, expected.frechet.factors, 1e-12, 'singular values of the samples');
    // Without full rank the root of a matrix of SciPy has about eight digits.
    const digits = count > width ? 1e-12 : 1e-7;
    for (const by of ['scipy', 'torch-fidelity', 'clean-fid'] as const) near(found, expected.frechet[by], digits, by);
  });

  test(`the kernel distance of all samples is that of torch-fidelity and clean-fid: ${name}`, async () => {
    const { value } = await kernelDistance(samples, reference);
    for (const by of ['torch-fidelity', 'clean-fid'] as const) near(value, expected.kernel[by], 1e-11, by);
  });

  test(`precision, recall, density and coverage are those of torch-fidelity and prdc: ${name}`, async () => {
    const { precision, recall } = await precisionRecall(samples, reference);
    const { density, coverage } = await densityCoverage(samples, reference);
    near(precision, expected.precision, 1e-7, 'precision'); // torch-fidelity has it in float32
    near(recall, expected.recall, 1e-7, 'recall');
    near(density, expected.density, 1e-14, 'density');
    near(coverage, expected.coverage, 1e-14, 'coverage');
  });

  test(`the Inception score is that of torch-fidelity, in one split and in three: ${name}`, () => {
    for (const splits of ['1', '3'] as const) {
      const { value, deviation } = inceptionScore(samples, Number(splits));
      near(value, expected.score[splits][0], 1e-12, `${splits} splits`);
      near(deviation, expected.score[splits][1], 1e-9, `deviation over ${splits} splits`);
    }
  });
}
