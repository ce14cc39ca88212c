import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epsOf } from '@rin/core';
import { scope, setThreads, type Tensor, tensor } from '@rin/torch';
import { DiffusionConfig } from '../../src/config/diffusion.js';
import {
  addNoise,
  levels,
  networkInput,
  readPrediction,
  toPixels,
  toSignal,
  velocity,
} from '../../src/diffusion/process.js';
import { generator } from '../model/reference/draws.js';
import { nearAll } from '../model/reference/near.js';
import { mean, variance } from './formulas.js';
import { numbers } from './scripted.js';

setThreads(1);

const gammas = [1e-9, 1e-4, 0.2, 0.5, 0.9, 0.9999];
const [batch, length] = [gammas.length, 12];
const random = generator(5);
const draw = (limit: number) => Array.from({ length: batch * length }, () => (2 * random() - 1) * limit);
const x = draw(0.9);
const eps = draw(2);
const at = (options: { inputScale?: number; meanSquare?: number; axes?: number } = {}) =>
  levels(
    gammas,
    gammas.map((gamma) => 1 - gamma),
    { inputScale: 1, meanSquare: 0.3, axes: 3, device: 'cpu', ...options },
  );
const asTensor = (values: number[], shape = [batch, 2, 2, 3]) => tensor(Float32Array.from(values), shape);

/** For every element: √γ, √(1 − γ). */
const factors = x.map((_, i) => {
  const gamma = gammas[Math.floor(i / length)];
  return [Math.sqrt(gamma), Math.sqrt(1 - gamma)];
});
const xt = x.map((value, i) => factors[i][0] * value + factors[i][1] * eps[i]);
const v = x.map((value, i) => factors[i][0] * eps[i] - factors[i][1] * value);

/** What float32 leaves of a quotient by √γ or √(1 − γ): rounding of numbers up to 2, divided. */
const within = (actual: Tensor, expected: number[], divisor: (i: number) => number, what: string) => {
  const found = numbers(actual);
  for (const [i, value] of expected.entries()) {
    const bound = 4e-7 + 4e-7 / divisor(i);
    const difference = Math.abs(found[i] - value);
    assert.ok(difference <= bound, `${what}[${i}] is ${found[i]}, expected ${value}; allowed ${bound}`);
  }
};

test('noise and data are mixed by √γ and √(1 − γ)', () => {
  within(addNoise(asTensor(x), asTensor(eps), at()), xt, () => 1, 'x_t');
});

test('from ε, x or v, each with x_t, follow the same x and ε', () => {
  for (const [prediction, output] of Object.entries({ eps, x, v }) as ['eps' | 'x' | 'v', number[]][]) {
    const found = readPrediction(asTensor(output), asTensor(xt), prediction, at());
    const [bySignal, byNoise] = [(i: number) => factors[i][0], (i: number) => factors[i][1]];
    within(found.x0, x, prediction === 'eps' ? bySignal : () => 1, `x from ${prediction}`);
    within(found.eps, eps, prediction === 'x' ? byNoise : () => 1, `ε from ${prediction}`);
  }
  within(epsOf(asTensor(xt), asTensor(x), at()), eps, (i) => factors[i][1], 'ε that goes with x');
  within(velocity(asTensor(x), asTensor(eps), at()), v, () => 1, 'v');
});

test('a clip limits x̂₀; ε̂ follows it where the network predicts x, and only there', () => {
  const clip = 0.4;
  const limited = x.map((value) => Math.min(Math.max(value, -clip), clip));
  const following = xt.map((value, i) => (value - factors[i][0] * limited[i]) / factors[i][1]);
  for (const [prediction, output] of Object.entries({ eps, x, v }) as ['eps' | 'x' | 'v', number[]][]) {
    const found = readPrediction(asTensor(output), asTensor(xt), prediction, at(), clip);
    within(found.x0, limited, (i) => (prediction === 'eps' ? factors[i][0] : 1), `x from ${prediction}`);
    const expected = prediction === 'x' ? following : eps;
    within(found.eps, expected, (i) => (prediction === 'x' ? factors[i][1] : 1), `ε from ${prediction}`);
  }
});

test('bytes become (2·byte/255 − 1)·b and come back the same, whatever b', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const b of [1, 0.4, 2.5]) {
    const signal = toSignal(tensor(bytes, [4, 1, 8, 8]), b);
    nearAll(
      numbers(signal),
      Array.from(bytes, (byte) => ((2 * byte) / 255 - 1) * b),
      4e-7 * b,
      `b = ${b}`,
    );
    assert.deepEqual(toPixels(signal, b).toTypedArray(), bytes);
  }
});

test('what lies outside of [−b, b] becomes black or white', () => {
  const pixels = toPixels(tensor([-9, -0.51, -0.5, 0, 0.5, 0.51, 9]), 0.5);
  assert.deepEqual([...pixels.toTypedArray()], [0, 0, 0, 128, 255, 255, 255]);
});

const normalized = (normalizeInput: DiffusionConfig['normalizeInput'], axes: number, shape: number[]) =>
  scope(() =>
    numbers(
      networkInput(asTensor(xt, shape), DiffusionConfig.parse({ normalizeInput }), at({ inputScale: 0.5, axes })),
    ),
  );

for (const [axes, shape] of [
  [2, [batch, 1, length]],
  [3, [batch, 1, 3, 4]],
  [4, [batch, 3, 1, 2, 2]],
] as const) {
  test(`the network sees x_t as normalizeInput says, in samples of ${axes} axes`, () => {
    nearAll(normalized('none', axes, [...shape]), xt, 1e-6);
    // v·b² of the data and 1 − γ of the noise
    const deviation = (i: number) => Math.sqrt(factors[i][0] ** 2 * 0.3 * 0.25 + factors[i][1] ** 2);
    nearAll(
      normalized('expected', axes, [...shape]),
      xt.map((value, i) => value / deviation(i)),
      1e-5,
    );
    const bySample = normalized('sample', axes, [...shape]);
    for (let b = 0; b < batch; b++) {
      const one = xt.slice(b * length, (b + 1) * length);
      const expected = one.map((value) => value / Math.sqrt(variance(one)));
      nearAll(bySample.slice(b * length, (b + 1) * length), expected, 1e-5, `sample ${b}`);
      // divided, not shifted
      assert.ok(Math.abs(mean(bySample.slice(b * length, (b + 1) * length))) > 1e-3);
    }
  });
}
