import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/parse.js';
import { Loader } from '../../src/data/loader.js';
import { datasetFromSamples } from '../../src/data/samples.js';
import { samples } from '../../src/diffusion/sample.js';
import { RIN } from '../../src/model/rin.js';
import { Learner } from '../../src/training/learner.js';
import { alone, type Ranks, shareOf } from '../../src/training/ranks.js';
import { StoppedElsewhere, sharedSamples } from '../../src/training/sharedSamples.js';
import { together } from './together.js';

const config = parseConfig(
  {
    model: {
      size: 8,
      patch: 4,
      latents: 6,
      latentDim: 16,
      latentHeads: 2,
      interfaceDim: 16,
      readWriteHeads: 2,
      depth: [1],
    },
    diffusion: { timeSampling: 'stratified', selfConditioningBy: 'part', selfConditioningRate: 0.5 },
    training: { images: 100, batch: 10, warmup: 0, precision: 'float32' },
    sampling: { steps: 4 },
  },
  'test',
);
const compute = { device: 'cpu', dtype: 'float32' } as const;
const shape = [3, 8, 8];
const pictures = Array.from({ length: 7 }, (_, i) =>
  Uint8Array.from({ length: 192 }, (_, j) => (37 * i + 11 * j) % 256),
);
const data = () =>
  datasetFromSamples(
    pictures.map((pixels) => ({ pixels })),
    shape,
  );

test('the parts of a whole are in order, without gaps, and differ by one at most', () => {
  for (const [total, count] of [
    [10, 3],
    [2, 4],
    [256, 64],
    [7, 7],
  ]) {
    const parts = Array.from({ length: count }, (_, rank) => shareOf(total, { rank, count }));
    const sizes = parts.map(([from, to]) => to - from);
    assert.deepEqual([parts[0][0], parts[count - 1][1]], [0, total]);
    for (const [i, [from]] of parts.entries()) assert.equal(from, i === 0 ? 0 : parts[i - 1][1]);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }
});

test('the parts of a batch that ranks load are the batch', async () => {
  const dataset = await data();
  const options = { seed: 3, batch: 10, flip: true };
  const whole = await new Loader(dataset, options).next(20);
  const parts = await Promise.all(
    [0, 1, 2].map((rank) => new Loader(dataset, { ...options, part: shareOf(10, { rank, count: 3 }) }).next(20)),
  );
  assert.deepEqual(Buffer.concat(parts.map(({ pixels }) => pixels)), Buffer.from(whole.pixels));
  assert.deepEqual(
    parts.flatMap(({ labels }) => [...labels]),
    [...whole.labels],
  );
});

test('ranks make the update of one process, however they cut their parts into passes', async () => {
  const dataset = await data();
  const updates = async (ranks: Ranks, microBatch: number) => {
    const training = { ...config.training, microBatch };
    using learner = new Learner({ ...config, training }, 0.3, compute, ranks);
    const loader = new Loader(dataset, { seed: config.seed, batch: 10, flip: false, part: learner.part });
    const found: number[] = [];
    for (let update = 0; update < 3; update++) {
      const { loss, gradientNorm } = await learner.update(await loader.next(10 * update), 10 * update, update);
      found.push(loss, gradientNorm);
    }
    await loader.close();
    return found;
  };
  const one = await updates(alone, 10);
  for (const [count, microBatch] of [
    [2, 10],
    [2, 2], // passes of 2, 2 and 1
    [3, 10], // parts of 3, 3 and 4
    [3, 2],
  ]) {
    const all = await Promise.all(together(count).map((ranks) => updates(ranks, microBatch)));
    for (const found of all) {
      assert.deepEqual(found, all[0], 'every rank has the same figures');
      // float32 sums in another order, over 3 updates
      for (const [i, value] of found.entries()) assert.ok(Math.abs(value / one[i] - 1) < 1e-5, `${value} ${one[i]}`);
    }
  }
});

const model = { config, classes: [], meanSquare: 0.3, network: new RIN(config.model) };

test('ranks draw the samples of one process, in the order of the seeds', async () => {
  const seeds = [5, 0, 9, 100, 3, 2, 8];
  const collect = async (ranks: Ranks, batch: number) => {
    const found: (readonly [number, string])[] = [];
    for await (const { seed, image } of sharedSamples(model, { seeds, batch }, ranks))
      found.push([seed, Buffer.from(image.data).toString('hex')]);
    return found;
  };
  const one = await collect(alone, 2);
  assert.deepEqual(
    one.map(([seed]) => seed),
    seeds,
  );
  for (const count of [2, 3]) {
    const [first, ...others] = await Promise.all(together(count).map((ranks) => collect(ranks, 2)));
    assert.deepEqual(first, one); // the same batches, so the same bits
    for (const other of others) assert.deepEqual(other, []);
  }
});

test('if one rank is told to stop, all stop in step, and can go on with something else', async () => {
  const controller = new AbortController();
  const stopped = new Error('stopped');
  const ranks = together(2);
  const ends = ranks.map(async (each) => {
    const { signal } = each.rank === 1 ? controller : new AbortController();
    const onStep = ({ step, seeds }: { step: number; seeds: readonly number[] }) => {
      if (each.rank === 1 && step === 2 && seeds[0] > 3) controller.abort(stopped);
    };
    const drawn = sharedSamples(model, { seeds: [0, 1, 2, 3, 4, 5, 6, 7], batch: 2, signal, onStep }, each);
    let count = 0;
    const error = await (async () => {
      for await (const _ of drawn) count++;
    })().catch((thrown: unknown) => thrown);
    const [agreed] = await each.total([1]); // a call after the stop meets that of the other rank
    return { error, count, agreed };
  });
  const [first, second] = await Promise.all(ends);
  assert.ok(first.error instanceof StoppedElsewhere);
  assert.equal(second.error, stopped);
  assert.deepEqual([first.count, second.count, first.agreed, second.agreed], [4, 0, 2, 2]);
});

test('one process draws as it did', async () => {
  const options = { seeds: [1, 2, 3], batch: 2 };
  const bytes = async (drawn: AsyncIterable<{ image: { data: Uint8Array } }>) => {
    const found: Uint8Array[] = [];
    for await (const { image } of drawn) found.push(image.data);
    return found;
  };
  assert.deepEqual(await bytes(sharedSamples(model, options, alone)), await bytes(samples(model, options)));
});
