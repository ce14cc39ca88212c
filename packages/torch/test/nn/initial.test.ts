import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Conv,
  Embedding,
  type Initial,
  initial,
  initialise,
  LayerNorm,
  Linear,
  Module,
  manualSeed,
  parameter,
  Sequential,
  scope,
  type Tensor,
  TorchError,
  trace,
  zeros,
} from '../../src/index.js';

const numbers = (tensor: Tensor | null) => Array.from(tensor?.detach().toTypedArray() ?? [], Number);

test('a seed gives the same bits on every machine', () => {
  // The first words of Philox with key 0 and counter 0 are 6627e8d5, e169c58d, bc57ac4c and 9b00dbd8 (Random123's vectors).
  const words = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
  const limit = Math.sqrt(6 / 4);
  const expected = words.map((word) => Math.fround(((2 * (word + 0.5)) / 2 ** 32 - 1) * limit));
  assert.deepEqual(numbers(new Linear(2, 2, { seed: 0 }).weight), expected);
});

/** Fails unless mean and deviation are as expected, to 5 standard errors, and all values are within the limit. */
function distribution(values: Initial, { mean = 0, deviation, limit }: Record<string, number>): void {
  const found = numbers(parameter([100, 1000], { initial: values, seed: 7 }));
  const average = found.reduce((sum, value) => sum + value, 0) / found.length;
  const variance = found.reduce((sum, value) => sum + (value - average) ** 2, 0) / found.length;
  assert.ok(Math.abs(average - mean) <= (5 * deviation) / Math.sqrt(found.length), `mean ${average}`);
  assert.ok(Math.abs(Math.sqrt(variance) / deviation - 1) < 5 / Math.sqrt(found.length), `variance ${variance}`);
  const largest = found.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(largest <= limit && largest > 0.95 * limit, `largest ${largest}, expected ${limit}`);
}

test('initial values have the distribution of their name', () => {
  distribution(initial.uniform(3), { deviation: 3 / Math.sqrt(3), limit: 3 });
  const glorot = Math.sqrt(6 / 1100);
  distribution(initial.glorot, { deviation: glorot / Math.sqrt(3), limit: glorot });
  // A normal that is cut at ±2 has the variance 1 − 4·φ(2)/(2Φ(2) − 1) = 0.7737 (φ density, Φ distribution function).
  distribution(initial.truncatedNormal(0.5), { deviation: 0.5 * Math.sqrt(0.7737413), limit: 1 });
  const normal = numbers(parameter([100, 1000], { initial: initial.normal(2), seed: 7 }));
  const rootMeanSquare = Math.sqrt(normal.reduce((sum, value) => sum + value ** 2, 0) / normal.length);
  assert.ok(Math.abs(rootMeanSquare / 2 - 1) < 5 / Math.sqrt(2 * normal.length), String(rootMeanSquare));
  assert.ok(normal.some((value) => Math.abs(value) > 6)); //                 beyond 3 deviations: 270 of 100,000
  assert.deepEqual(numbers(parameter([2], { initial: initial.constant(0.5) })), [0.5, 0.5]);
});

test('manualSeed repeats the values of the layers after it', () => {
  const three = () => [1, 2, 3].map(() => numbers(new Linear(2, 2).weight));
  manualSeed(3);
  const first = three();
  assert.notDeepEqual(three(), first);
  manualSeed(3);
  assert.deepEqual(three(), first);
  manualSeed(4);
  assert.notDeepEqual(three(), first);
});

test('each layer has its own values, and the default of its kind', () => {
  const [a, b] = [new Linear(3, 3), new Linear(3, 3)];
  assert.notDeepEqual(numbers(a.weight), numbers(b.weight));
  assert.deepEqual(numbers(a.bias), [0, 0, 0]);
  const norm = new LayerNorm(2);
  assert.deepEqual(
    [numbers(norm.weight), numbers(norm.bias)],
    [
      [1, 1],
      [0, 0],
    ],
  );
  // Fans of [8, 2, 3, 3]: 9·(2 + 8) = 90
  const limit = Math.sqrt(6 / 90);
  const kernel = numbers(new Conv(4, 8, [3, 3], { groups: 2 }).weight);
  const largest = Math.max(...kernel.map(Math.abs));
  assert.ok(largest <= limit && largest > 0.9 * limit, `${largest}, expected at most ${limit}`);
  const table = numbers(new Embedding(1000, 10).weight);
  const square = table.reduce((sum, value) => sum + value ** 2, 0) / table.length;
  assert.ok(Math.abs(square - 1) < 5 * Math.sqrt(2 / table.length), String(square));
  assert.deepEqual(numbers(new Linear(2, 1, { initial: initial.zeros }).weight), [0, 0]);
});

test('initialise draws by seed and name: what else a network has does not matter', () => {
  class Network extends Module {
    readonly extra: Linear | null;
    readonly hidden = new Linear(3, 2);
    readonly own = zeros([2], { requiresGrad: true }).add(5).detach();
    constructor(withExtra: boolean) {
      super();
      this.extra = withExtra ? new Linear(3, 2) : null;
    }
  }
  const [one, two] = [new Network(false), new Network(true)];
  assert.equal(initialise(one, 3), one);
  initialise(two, 3);
  assert.deepEqual(numbers(one.hidden.weight), numbers(two.hidden.weight));
  assert.notDeepEqual(numbers(two.extra?.weight ?? null), numbers(two.hidden.weight));
  assert.deepEqual(numbers(one.own), [5, 5]);
  initialise(two, 4);
  assert.notDeepEqual(numbers(one.hidden.weight), numbers(two.hidden.weight));
  const blank = initialise(new Sequential(new Linear(3, 2, { seed: null })), 1);
  const drawn = initialise(new Sequential(new Linear(3, 2, { seed: 9 })), 1);
  assert.deepEqual(numbers(blank.parameters()['0.weight']), numbers(drawn.parameters()['0.weight']));
});

test('a parameter outlives the scope that made it', () => {
  const layer = scope(() => ({ made: new Linear(2, 2) })).made;
  assert.equal(layer.weight.disposed, false);
  assert.equal(layer.weight.requiresGrad, true);
});

test('wrong options are one clear sentence', () => {
  const refuses = (call: () => unknown, message: string) => assert.throws(call, new TorchError(message));
  refuses(
    () => new Linear(2, 2, { seed: -1 }),
    'initial values: seed must be a whole number from 0 to 9007199254740991; got -1',
  );
  refuses(() => parameter([3]), 'initial.glorot needs a weight [out, in, …], got the shape [3]');
  refuses(
    () => new Linear(2, 2, { initial: 'zeros' as never }),
    "initial must be one of the library's initial values, such as initial.zeros; got 'zeros'",
  );
  refuses(
    () => new Linear(2, 2, { initial: initial.uniform(Number.NaN) }),
    'initial.uniform: limit must be a number, got NaN',
  );
  refuses(() => initialise({} as never, 1), 'initialise: expected a module, got [object Object]');
  assert.throws(() => trace(() => new Linear(2, 2).forward(zeros([1, 2]))), TorchError);
});
