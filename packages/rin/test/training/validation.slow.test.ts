import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dataset } from '../../src/data/dataset.js';
import { datasetFromSamples } from '../../src/data/samples.js';
import { loadModel } from '../../src/diffusion/modelFile.js';
import type { Progress } from '../../src/training/progress.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { splitData } from '../../src/training/validation.js';
import { freshFolder, outcome, samples, tiny } from './tiny.js';

interface Line {
  readonly loss: number;
  readonly validationLoss?: number;
}

const data = (pictures = samples): Promise<Dataset> => datasetFromSamples(pictures, [1, 8, 8]);

async function finish(config: ReturnType<typeof tiny>, pictures = samples): Promise<{ run: string; stats: Line[] }> {
  const { run } = await train({ config, data: pictures, runsFolder: freshFolder() });
  assert.ok(run);
  const lines = readFileSync(join(run, 'stats.jsonl'), 'utf8').trim().split('\n');
  return { run, stats: lines.map((line) => JSON.parse(line)) };
}

/** A third of the twelve samples; no previews. */
const config = (over: { model?: object; training?: object; diffusion?: object } = {}) =>
  tiny({ ...over, training: { validation: 0.33, sampleEvery: 0, logEvery: 32, ...over.training } });

/** Too small to move a float32 weight. */
const still = { learningRate: 1e-30, optimizer: { kind: 'adamw' }, weightDecay: 0 };

const everySample = (part: Dataset): string[] =>
  Array.from({ length: part.length }, (_, index) => {
    const pixels = new Uint8Array(64);
    part.read(index, pixels);
    return `${part.label(index)} ${pixels.join()}`;
  });

/** The same, as read where samples are not in memory. */
const everySampleLater = (part: Dataset): Promise<string[]> =>
  Promise.all(
    Array.from({ length: part.length }, async (_, index) => {
      const pixels = new Uint8Array(64);
      await part.readLater?.(index, pixels);
      return `${part.label(index)} ${pixels.join()}`;
    }),
  );

const values = async (run: string) => {
  const { network } = await loadModel(join(run, 'model.safetensors'));
  return Object.entries(network.parameters()).map(([name, tensor]) => [name, tensor.detach().toTypedArray()]);
};

test('the data fall into two parts, of which the seed decides, at least one sample each', async () => {
  const whole = await data();
  const split = (validation: number, seed = 0, of = whole) => {
    const { trained, heldOut } = splitData(of, { ...tiny({ training: { validation } }), seed });
    assert.ok(heldOut);
    assert.deepEqual([...everySample(trained), ...everySample(heldOut)].sort(), everySample(of).sort());
    return everySample(heldOut);
  };
  assert.deepEqual(
    [0.001, 0.05, 0.33, 0.5, 0.999].map((share) => split(share).length),
    [1, 1, 4, 6, 11],
  );
  assert.deepEqual(split(0.33), split(0.33));
  const inFile = Object.assign(await data(), {
    readLater: async (index: number, out: Uint8Array) => whole.read(index, out),
  });
  const { trained, heldOut } = splitData(inFile, tiny({ training: { validation: 0.33 } }));
  for (const part of [trained, heldOut ?? assert.fail()])
    assert.deepEqual(await everySampleLater(part), everySample(part));
  assert.ok(new Set(Array.from({ length: 20 }, (_, seed) => split(0.33, seed).join(' '))).size > 10);
  assert.equal(split(0.5, 0, await data(samples.slice(0, 2))).length, 1);
  assert.equal(splitData(whole, tiny()).heldOut, undefined);
  const single = data(samples.slice(0, 1));
  await assert.rejects(
    async () => splitData(await single, tiny({ training: { validation: 0.1 } })),
    /samples: training\.validation 0\.1 needs at least 2 samples, but the data have 1/,
  );
});

test('what is held out is never trained: its pictures may be any, and the weights are the same', async () => {
  const heldOut = splitData(await data(), config()).heldOut;
  assert.ok(heldOut);
  const held = new Set(everySample(heldOut));
  const isHeld = ({ pixels, label }: (typeof samples)[number]) => held.has(`${label} ${pixels.join()}`);
  const inverted = (which: (sample: (typeof samples)[number]) => boolean) =>
    samples.map((each) => (which(each) ? { ...each, pixels: each.pixels.map((value) => 255 - value) } : each));
  assert.equal(samples.filter(isHeld).length, 4);

  const [plain, other] = [await finish(config()), await finish(config(), inverted(isHeld))];
  assert.deepEqual(await values(other.run), await values(plain.run));
  const losses = ({ stats }: typeof plain) => stats.map(({ loss }) => loss);
  assert.deepEqual(losses(other), losses(plain));
  for (const [i, line] of plain.stats.entries()) assert.notEqual(line.validationLoss, other.stats[i].validationLoss);

  const first = samples.findIndex((each) => !isHeld(each));
  const third = await finish(
    config(),
    inverted((each) => each === samples[first]),
  );
  assert.notDeepEqual(losses(third), losses(plain));
});

test('a held-out picture is looked at for every 8 that are trained, however often', async () => {
  for (const logEvery of [8, 16, 32]) {
    const whole = await data();
    const { heldOut } = splitData(whole, config());
    const held = new Set(everySample(heldOut ?? assert.fail()));
    let looks = 0;
    const watched = Object.assign(await data(), {
      read(index: number, out: Uint8Array) {
        whole.read(index, out);
        if (held.has(`${whole.label(index)} ${out.join()}`)) looks++;
      },
    });
    await train({ config: config({ training: { logEvery } }), data: watched, runsFolder: freshFolder() });
    assert.equal(looks, 96 / 8);
  }
});

test('of a network that says 0, the loss on x is the mean square of the held-out data', async () => {
  const zero = config({ model: { zeroReadout: true }, diffusion: { prediction: 'x', loss: 'x' }, training: still });
  const { heldOut } = splitData(await data(), zero);
  assert.ok(heldOut);
  const pixels = everySample(heldOut).flatMap((text) => text.split(' ')[1].split(',').map(Number));
  const expected = pixels.reduce((sum, value) => sum + ((2 * value) / 255 - 1) ** 2, 0) / pixels.length;
  // Means of 256 float32 squares: a few roundings of 6e-8.
  for (const { validationLoss } of (await finish(zero)).stats)
    assert.ok(Math.abs((validationLoss ?? 0) / expected - 1) < 1e-6, `${validationLoss}, ${expected}`);
});

test('the same weights have the same loss at every time, whatever dropout and micro-batch are', async () => {
  const of = async (model: object, training: object) => {
    const { stats } = await finish(config({ model, training: { ...still, ...training } }));
    assert.equal(new Set(stats.map(({ validationLoss }) => validationLoss)).size, 1);
    return stats[0];
  };
  const [plain, dropped, parts] = [
    await of({ dropout: 0 }, {}),
    await of({ dropout: 0.5, dropPath: 0.5 }, {}),
    await of({ dropout: 0 }, { microBatch: 1 }),
  ];
  assert.equal(dropped.validationLoss, plain.validationLoss);
  assert.notEqual(dropped.loss, plain.loss);
  // Products of another size round differently: float32, 1e-5 relative.
  assert.ok(Math.abs((parts.validationLoss ?? 0) / (plain.validationLoss ?? 0) - 1) < 1e-5);
});

test('the loss is that of the averaged weights: of an average that stays, it stays', async () => {
  const { stats } = await finish(
    config({ training: { ema: { kind: 'exponential', decay: 0.999999, rampUp: false } } }),
  );
  assert.ok(stats[2].loss < 0.99 * stats[0].loss, 'the weights learn');
  // 12 updates move the average by a share of 1e-5 of what the weights moved.
  assert.ok(Math.abs((stats[2].validationLoss ?? 0) / (stats[0].validationLoss ?? 0) - 1) < 1e-4);
});

test('an interrupted run has the same held-out losses, and they are told', async () => {
  const over = { training: { sampleEvery: 48, logEvery: 16 } };
  const whole = await finish(config(over));
  const runsFolder = freshFolder();
  let said = '';
  let told: number | null = null;
  for (const images of [8, 48, 96]) {
    const controller = new AbortController();
    const onProgress = (progress: Progress) => {
      told = progress.validationLoss;
      if (progress.images === images && images < 96) controller.abort();
    };
    const log = (text: string) => {
      said += `${text}\n`;
    };
    await train({ config: config(over), data: samples, runsFolder, onProgress, log, signal: controller.signal });
  }
  assert.equal(told, whole.stats.at(-1)?.validationLoss);
  assert.match(said, /data: samples, 12 samples in 2 classes, 4 of them held out for validation\n/);
  assert.deepEqual(outcome(join(runsFolder, '00000-samples-8-tiny')), outcome(whole.run));
});
