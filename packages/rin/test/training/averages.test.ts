import assert from 'node:assert/strict';
import { test } from 'node:test';
import { full, tensor } from '@rin/torch';
import type { EmaConfig } from '../../src/config/training.js';
import { Averages, updateEma } from '../../src/training/averages.js';
import { tiny } from './tiny.js';

/** Averages the weights w(1), w(2), … of a parameter that begins at `start`. */
function averaged(config: EmaConfig, start: number, weights: number[]): number {
  const average = tensor([start, -start]);
  for (const [index, weight] of weights.entries()) updateEma(config, [average], [tensor([weight, -weight])], index + 1);
  const [one, other] = average.toTypedArray();
  assert.equal(Number(one), -Number(other));
  return Number(one);
}

// float32 averages of numbers around 1: some units in the last place
const near = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 2e-6, `${found}, ${expected}`);
const weights = Array.from({ length: 40 }, (_, i) => Math.cos(i) + i / 40);

test('the power average weighs step i of t by (i/t)^(g+1) - ((i-1)/t)^(g+1), and forgets the start', () => {
  for (const exponent of [1, 6.94, 13]) {
    const share = (i: number) => (i / weights.length) ** (exponent + 1);
    const closed = weights.reduce((sum, weight, i) => sum + weight * (share(i + 1) - share(i)), 0);
    near(averaged({ kind: 'power', exponent }, 1e6, weights), closed);
  }
});

test('the exponential average is the geometric sum', () => {
  const decay = 0.9;
  const sum = weights.reduce((sum, weight, i) => sum + (1 - decay) * decay ** (weights.length - 1 - i) * weight, 0);
  near(averaged({ kind: 'exponential', decay, rampUp: false }, 3, weights), sum + 3 * decay ** weights.length);
});

test('with ramp-up the first updates keep 2/11, 3/12, 4/13 of the average, and never more than the decay', () => {
  const config: EmaConfig = { kind: 'exponential', decay: 0.24, rampUp: true };
  const first = (2 / 11) * 5 + (9 / 11) * 1;
  near(averaged(config, 5, [1]), first);
  near(averaged(config, 5, [1, 2]), 0.24 * first + 0.76 * 2);
});

test('several averages of one network move each in its way', () => {
  const { model } = tiny();
  const emas = {
    average: { kind: 'exponential', decay: 0.9, rampUp: false },
    short: { kind: 'exponential', decay: 0.25, rampUp: false },
  } as const;
  using averages = new Averages(model, emas, 'cpu');
  const weightsOf = (value: number) =>
    Object.fromEntries(Object.entries(averages.parts.short).map(([name, { shape }]) => [name, full(shape, value)]));
  averages.start(weightsOf(1));
  averages.update(weightsOf(2), 1);
  for (const [name, expected] of Object.entries({ average: 0.9 * 1 + 0.1 * 2, short: 0.25 * 1 + 0.75 * 2 }))
    for (const tensor of Object.values(averages.parts[name]))
      for (const value of tensor.toTypedArray()) near(Number(value), expected);
  for (const [name, tensor] of Object.entries(averages.main.parameters()))
    assert.equal(tensor, averages.parts.average[name]);
});
