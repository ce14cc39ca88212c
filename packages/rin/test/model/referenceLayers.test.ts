import assert from 'node:assert/strict';
import { test } from 'node:test';
import { erf, erfc, gelu } from './reference/erf.js';
import { attention, depthwise, groupNorm, type Lookup, layerNorm, standardize } from './reference/layers.js';
import { near, nearAll } from './reference/near.js';
import { gridCode, line, sinCos } from './reference/positions.js';

// The parts of the oracle of the model's tests, by hand-computed values.

test('erf and erfc agree with tabulated values to 1e-15', () => {
  const table = [
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
  ];
  for (const [x, expected] of table) {
    near(erf(x), expected, 1e-15, `erf(${x})`);
    near(erf(-x), -expected, 1e-15, `erf(${-x})`);
    near(erfc(x), 1 - expected, 1e-15, `erfc(${x})`);
  }
  near(erfc(5) / 1.537459794428035e-12, 1, 1e-14, 'erfc(5), relative');
});

test('the derivative of erf is the Gaussian, also where series and continued fraction meet', () => {
  for (let x = -4; x <= 4; x += 0.0625) {
    const h = 1e-3; // fourth-order difference: error about h⁴
    const slope = (8 * (erf(x + h) - erf(x - h)) - (erf(x + 2 * h) - erf(x - 2 * h))) / (12 * h);
    near(slope, (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), 2e-11, `slope at ${x}`);
  }
});

test('GELU: x Φ(x)', () => {
  near(gelu(1), 0.8413447460685429, 1e-15);
  near(gelu(-1), -0.1586552539314571, 1e-15);
  near(gelu(40), 40, 1e-13);
  assert.equal(gelu(0), 0);
});

test('sin-cos code: sines of the even entries, then cosines of the odd ones', () => {
  // dim 4: angles c, c, c/100, c/100
  nearAll(sinCos(2, 4), [Math.sin(2), Math.sin(0.02), Math.cos(2), Math.cos(0.02)], 1e-15);
  nearAll(sinCos(0, 6), [0, 0, 0, 1, 1, 1], 0);
});

test('sin-cos coordinates run from 0 to the scale; a grid codes rows first, then columns; a row or column is 1-D', () => {
  const scale = 10;
  const [, middle, last] = line(3, 4, scale);
  nearAll(middle, sinCos(5, 4), 1e-15);
  nearAll(last, sinCos(10, 4), 1e-15);
  const grid = gridCode([3, 2], 8, scale);
  nearAll(grid[3], [...sinCos(5, 4), ...sinCos(10, 4)], 1e-15); // row 1 of 3, column 1 of 2
  nearAll(gridCode([1, 3], 8, scale)[1], sinCos(5, 8), 1e-15);
  nearAll(gridCode([3, 1], 8, scale)[1], sinCos(5, 8), 1e-15);
  const clip = gridCode([2, 3, 2], 8, scale);
  assert.equal(clip.length, 12);
  for (const [token, code] of clip.entries()) nearAll(code, grid[token % 6], 0);
});

function lookup(entries: Record<string, number[] | number[][]>): Lookup {
  return (name) => {
    const given = entries[name] ?? assert.fail(name);
    const rows = given.length;
    const columns = Array.isArray(given[0]) ? given[0].length : 0;
    return { shape: columns ? [rows, columns] : [rows], data: Float64Array.from(given.flat()) };
  };
}

test('attention by hand: each head has its own channels and is scaled by the root of their number', () => {
  const identity = [
    [1, 0],
    [0, 1],
  ];
  const p = lookup(
    Object.fromEntries(
      ['q', 'k', 'v', 'out'].flatMap((n) => [
        [`a.${n}.weight`, identity],
        [`a.${n}.bias`, [0, 0]],
      ]),
    ),
  );
  const query = [Float64Array.of(1, 2)];
  const keys = identity.map((row) => Float64Array.from(row));
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  nearAll(attention(p, 'a', 2, query, keys)[0], [sigmoid(1), sigmoid(2)], 1e-15);
  nearAll(attention(p, 'a', 1, query, keys)[0], [sigmoid(-1 / Math.SQRT2), sigmoid(1 / Math.SQRT2)], 1e-15);
});

test('norms by hand', () => {
  const p = lookup({ 'n.weight': [2, 2, 1, 1], 'n.bias': [0, 1, 0, 0] });
  const x = [Float64Array.of(1, 3, 0, 4), Float64Array.of(5, 7, 0, 4)];
  const layer = 1 / Math.sqrt(2.5 + 1e-6); // channels 1 3 0 4: mean 2, variance (1 + 1 + 4 + 4)/4
  nearAll(layerNorm(p, 'n', x)[0], [-2 * layer, 2 * layer + 1, -2 * layer, 2 * layer], 1e-14);
  const group = 1 / Math.sqrt(5 + 1e-5); // channels 0 and 1 of both tokens: 1 3 5 7
  nearAll(groupNorm(p, 'n', 2, x)[1].subarray(0, 2), [2 * group, 6 * group + 1], 1e-14);
  nearAll(standardize(Float64Array.of(1, 3)), [-1, 1], 1e-15);
});

test('a depthwise convolution by hand: correlation with zeros around', () => {
  const p: Lookup = (name) =>
    name === 'd.weight'
      ? { shape: [1, 1, 3], data: Float64Array.of(100, 10, 1) }
      : { shape: [1], data: Float64Array.of(0.5) };
  const x = [1, 2, 3].map((value) => Float64Array.of(value));
  const y = depthwise(p, 'd', [3], x).flatMap((row) => [...row]);
  nearAll(y, [12.5, 123.5, 230.5], 0);
});
