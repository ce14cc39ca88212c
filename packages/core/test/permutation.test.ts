import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permute } from '../src/permutation.js';

const order = (length: number, seed: number, epoch: number) =>
  Array.from({ length }, (_, i) => permute(i, length, seed, epoch));

test('every index of an epoch is shown exactly once, whatever the length', () => {
  for (const length of [...Array.from({ length: 70 }, (_, i) => i + 1), 1000, 1023, 1024, 1025, 50_000]) {
    const seen = order(length, 42, 3).sort((a, b) => a - b);
    assert.deepEqual(seen, Array.from(seen.keys()), `length ${length}`);
    assert.equal(seen.length, length);
  }
});

test('other epochs and other seeds have other orders, the seed in all its bits', () => {
  const orders = [
    order(50, 0, 0),
    order(50, 0, 1),
    order(50, 1, 0),
    order(50, 2 ** 32, 0),
    order(50, 2 ** 53 - 1, 0),
    order(50, 0, 2 ** 32 - 1),
  ];
  assert.equal(new Set(orders.map(String)).size, orders.length);
});

test('the order never changes: it is part of what a seed promises', () => {
  assert.deepEqual(order(10, 0, 0), [4, 7, 0, 9, 3, 8, 1, 6, 2, 5]);
  assert.deepEqual(order(10, 0, 1), [1, 7, 8, 2, 6, 3, 5, 9, 4, 0]);
});

test('over epochs every small order is as likely as the others', () => {
  // Chi-squared below p = 0.999: 10.8 with 1 degree of freedom, 20.5 with 5, 49.7 with 23.
  for (const [length, orders, bound] of [
    [2, 2, 10.8],
    [3, 6, 20.5],
    [4, 24, 49.7],
  ]) {
    const counts = new Map<string, number>();
    const epochs = 12_000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const key = String(order(length, 7, epoch));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const expected = epochs / orders;
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert.equal(counts.size, orders);
    assert.ok(chi < bound, `length ${length}: chi-squared ${chi}`);
  }
});

test('every index goes to every place, and neighbours do not stay together', () => {
  const [length, epochs] = [20, 20_000];
  const places = new Float64Array(length * length);
  const steps = new Float64Array(length);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const now = order(length, 1, epoch);
    for (const [i, value] of now.entries()) {
      places[i * length + value]++;
      if (i > 0) steps[(value - now[i - 1] + length) % length]++;
    }
  }
  // Places: chi-squared over 20 x 20 cells with 19 x 19 = 361 degrees of freedom, below 450 at p = 0.999.
  const expected = epochs / length;
  const chi = places.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert.ok(chi < 450, `chi-squared ${chi}`);
  // Differences of neighbours, modulo the length: 19 values, all as likely; 4 deviations allowed.
  const each = (epochs * (length - 1)) / (length - 1);
  for (const count of steps.slice(1))
    assert.ok(Math.abs(count - each) < 4 * Math.sqrt(each), `${count} against ${each}`);
});

test('a position far into a huge set is found at once', () => {
  const length = 2 ** 51 + 12_345;
  const values = [0, 1, length - 1].map((index) => permute(index, length, 5, 0));
  assert.equal(new Set(values).size, 3);
  assert.ok(values.every((value) => Number.isInteger(value) && value >= 0 && value < length));
});

test('an index outside the set is refused', () => {
  assert.throws(() => permute(3, 3, 0, 0), /index is 3; expected a whole number from 0 to 2/);
  assert.throws(() => permute(-1, 3, 0, 0), /index is -1/);
  assert.throws(() => permute(0.5, 3, 0, 0), /index is 0\.5/);
});
