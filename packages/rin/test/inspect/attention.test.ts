import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gamma, geometry, normals, oneMinusGamma } from '@rin/core';
import { memory, noGrad, scope, type Tensor, tensor } from '@rin/torch';
import { datasetFromSamples } from '../../src/data/samples.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { dataAttention, sampleAttention } from '../../src/inspect/attention.js';
import type { AttentionMap } from '../../src/inspect/attentionMaps.js';
import { attentionNumbers } from '../../src/inspect/attentionNumbers.js';
import { settledMemory } from '../diffusion/settledMemory.js';
import { near, nearAll } from '../model/reference/near.js';
import { lively, staring } from './attending.js';

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);
const clips = { size: [5, 4, 6], patch: [2, 2, 2], channels: 1 };

test('an even read has the entropy ln n, every patch the same share, and meets the detail of all patches', async () => {
  const model = staring(undefined, { sampling: { steps: 2 } });
  const found = await sampleAttention(model, { seeds: [0, 1], blocks: [0] });
  for (const { steps } of found)
    for (const { maps } of steps) {
      nearAll(maps[0].values, new Array(6).fill(1 / 6), 1e-6);
      near(maps[0].entropy, Math.log(6), 1e-6);
      near(maps[0].meanEntropy, Math.log(6), 1e-6);
      assert.equal(maps[0].mostEntropy, Math.log(6));
    }
  const still = {
    data: Uint8Array.from({ length: 24 }, (_, i) => (i * i) % 251),
    shape: [1, 4, 6],
    medium: 'picture' as const,
  };
  const rows = attentionNumbers(found.map((each) => ({ ...each, image: still })));
  assert.deepEqual(
    rows.map(({ step, block }) => [step, block]),
    [
      [1, 0],
      [2, 0],
    ],
  );
  for (const { detail = 0 } of rows) near(detail, 1, 1e-6);
});

test('samples of one seed and different classes each have their own maps, also in batches', async () => {
  const model = lively({ sampling: { steps: 2 } });
  const classes = ['apple', 'pear', 'cherry'];
  const alone = [];
  for (const name of classes) alone.push(...(await sampleAttention(model, { seeds: [7], classes: [name] })));
  const found = await sampleAttention(model, { seeds: [7, 7, 7], classes, batch: 2 });
  for (const [i, { image, steps }] of found.entries()) {
    nearAll(image.data, alone[i].image.data, 1); // products of another batch round in another way
    assert.equal(steps.length, 2);
    for (const [k, { maps, x0 }] of steps.entries()) {
      nearAll(x0.data, alone[i].steps[k].x0.data, 1);
      nearAll(maps[0].values, alone[i].steps[k].maps[0].values, 1e-6);
    }
  }
  assert.notDeepEqual(found[0].steps[0].maps[0].values, found[1].steps[0].maps[0].values);
});

test('a read of one patch is at its row and column, and in its slice of a clip', async () => {
  const over = { sampling: { steps: 1 } };
  for (const [token, row, column] of [
    [0, 0, 0],
    [2, 0, 2],
    [4, 1, 1],
  ]) {
    const [{ steps }] = await sampleAttention(staring(token, over), { seeds: [0] });
    const [{ grid, values, entropy }] = steps[0].maps;
    assert.deepEqual(grid, [2, 3]);
    nearAll(
      values,
      Array.from({ length: 6 }, (_, i) => (i === row * 3 + column ? 1 : 0)),
      1e-6,
    );
    near(entropy, 0, 1e-5);
  }
  const model = { ...clips, size: [6, 4, 6] };
  const [{ steps }] = await sampleAttention(staring(2 * 6 + 1 * 3 + 2, { ...over, model }), { seeds: [0] });
  const { grid, values } = steps[0].maps[0];
  assert.deepEqual(grid, [3, 2, 3]); // slice 2, row 1, column 2
  assert.equal(values.indexOf(Math.max(...values)), 17);
});

test('given frames are told apart, and time and condition tokens as a share', async () => {
  const given = { data: new Uint8Array(2 * 24), shape: [1, 2, 4, 6] };
  const model = lively({ model: { ...clips, givenFrames: 2, timeOn: 'interface', conditionOn: 'interfaceWritable' } });
  const [{ steps, image }] = await sampleAttention(model, { seeds: [0], given, at: [2] });
  assert.deepEqual(image.shape, [1, 5, 4, 6]);
  assert.deepEqual(steps[0].x0.shape, [1, 5, 4, 6]);
  for (const map of steps[0].maps) {
    assert.deepEqual(
      [map.grid, map.given?.grid],
      [
        [2, 2, 3],
        [1, 2, 3],
      ],
    );
    assert.ok(map.others > 0.01);
    near(sum(map.values) + sum(map.given?.values ?? []) + map.others, 1, 1e-6);
    assert.equal(map.mostEntropy, Math.log(12 + 6 + 2));
  }
  const stare = staring(12 + 4, { model: { ...clips, givenFrames: 2 }, sampling: { steps: 1 } });
  const [looked] = await sampleAttention(stare, { seeds: [0], given });
  const [map] = looked.steps[0].maps;
  near(map.given?.values[4] ?? 0, 1, 1e-6);
  near(sum(map.values), 0, 1e-6);
  // A write asks each patch, given ones too, and the time token beside them not.
  const [written] = await sampleAttention(model, { seeds: [0], given, at: [1], kind: 'write', latent: 1 });
  assert.deepEqual([written.steps[0].maps[0].values.length, written.steps[0].maps[0].given?.values.length], [12, 6]);
});

/** The mean read weights of the two passes of a step, by the library's hook alone. */
function readOf(model: Model, x: Tensor, level: number, condition: Tensor, block: number): number[][] {
  const { network, config } = model;
  const { expected } = { expected: Math.sqrt(level * model.meanSquare * config.diffusion.inputScale ** 2 + 1 - level) };
  const input = config.diffusion.normalizeInput === 'expected' ? x.div(expected) : x;
  const gammas = new Array<number>(x.shape[0]).fill(level);
  return scope(() =>
    noGrad(() => {
      const first = network.forward(input, gammas, { condition });
      let found: number[][] = [];
      network.forward(input, gammas, {
        condition,
        previous: { latents: first.latents },
        onAttention: ({ kind, block: of, weights }) => {
          if (kind === 'read' && of === block) found = weights().mean([1, 2]).unbind(0).map(numbers);
        },
      });
      return found;
    }),
  );
}

test('noised data are looked at in the second pass of training, at the signal levels of the steps', async () => {
  const model = lively({ sampling: { steps: 5 }, diffusion: { normalizeInput: 'expected', inputScale: 0.5 } });
  const { schedule } = model.config.sampling;
  const pixels = [0, 1, 2].map((n) => Uint8Array.from({ length: 24 }, (_, i) => (i * (n + 3) * 7) % 256));
  const data = await datasetFromSamples(
    pixels.map((each, i) => ({ pixels: each, label: i })),
    [1, 4, 6],
    { classes: ['cherry', 'plum', 'apple'] }, // not the order of the model, which knows no plum
  );
  const found = await dataAttention(model, data, { samples: [2, 0, 1], at: [2, 4], batch: 2 });
  assert.deepEqual(
    found.map(({ seed }) => seed),
    [2, 0, 1],
  );
  for (const [place, { seed, image, steps }] of found.entries()) {
    assert.deepEqual(image.data, pixels[seed]);
    assert.deepEqual(
      steps.map(({ step }) => step),
      [2, 4],
    );
    for (const { step, gamma: level, maps } of steps) {
      const t = (5 - step + 1) / 5;
      near(level, gamma(schedule, t), 1e-12);
      const noise = new Float32Array(24);
      normals(0, 'noise', seed, 0, noise);
      const x = Float32Array.from(pixels[seed], (byte, i) => {
        const clean = ((2 * byte) / 255 - 1) * 0.5;
        return Math.sqrt(level) * clean + Math.sqrt(oneMinusGamma(schedule, t)) * noise[i];
      });
      const label = [2, -1, 0][seed]; // of the model
      const condition = tensor(
        Float32Array.from({ length: 3 }, (_, i) => (i === label ? 1 : 0)),
        [1, 3],
      );
      for (const block of [0, 1]) {
        const [expected] = readOf(model, tensor(x, [1, 1, 4, 6]), level, condition, block);
        nearAll(maps[block].values, expected, 1e-5, `sample ${seed}, place ${place}, block ${block}`);
      }
    }
  }
});

test('samples are those of sample, byte for byte, for every sampler, and each batch gives the same maps', async () => {
  for (const sampler of ['ddpm', 'heun', 'dpm2mSde'] as const) {
    const model = lively({ sampling: { sampler, steps: 3 } });
    const options = { seeds: [3, 8, 5], guidance: 1.5 };
    const found = await sampleAttention(model, options);
    assert.deepEqual(
      found.map(({ image }) => image),
      await sample(model, options),
    );
    for (const { steps } of found) {
      assert.deepEqual(
        steps.map(({ step, maps }) => [step, maps.length]),
        [
          [1, 2],
          [2, 2],
          [3, 2],
        ],
      );
      assert.ok(steps[0].gamma < steps[1].gamma && steps[1].gamma <= steps[2].gamma);
    }
    const alone = await sampleAttention(model, { ...options, batch: 1, at: [2], blocks: [1] });
    for (const [i, { steps }] of alone.entries()) {
      assert.deepEqual(
        steps.map(({ step, maps }) => [step, maps.map(({ block }) => block)]),
        [[2, [1]]],
      );
      nearAll(steps[0].maps[0].values, found[i].steps[1].maps[1].values, 1e-5);
    }
  }
});

test('with guidance the labelled pass is shown, or the unlabelled one', async () => {
  const model = lively({ diffusion: { selfConditioningRate: 0 } });
  const first = async (options: Partial<Parameters<typeof sampleAttention>[1]>) => {
    const [{ steps }] = await sampleAttention(model, { seeds: [4], classes: ['pear'], at: [1], ...options });
    return steps[0].maps;
  };
  const same = (one: readonly AttentionMap[], two: readonly AttentionMap[]) =>
    one.forEach(({ values }, i) => {
      nearAll(values, two[i].values, 1e-6);
    });
  const [alone, none] = [await first({}), await first({ classes: [null] })];
  same(await first({ guidance: 2 }), alone);
  same(await first({ guidance: 2, unlabelled: true }), none);
  assert.throws(() => same(alone, none));
  // With fewer latents the two passes go one after the other.
  same(await first({ guidance: 2, guidanceLatents: 4 }), alone);
  same(
    await first({ guidance: 2, guidanceLatents: 4, unlabelled: true }),
    await first({ classes: [null], latents: 4 }),
  );
});

test('latents and heads are shown alone, and their mean is that of all', async () => {
  const model = lively();
  const look = async (options: object) => {
    const [{ steps }] = await sampleAttention(model, { seeds: [1], at: [3], blocks: [1], ...options });
    return steps[0].maps[0];
  };
  const meanOf = (maps: readonly AttentionMap[]) =>
    maps[0].values.map((_, i) => sum(maps.map(({ values }) => values[i])) / maps.length);
  const latents = await Promise.all([0, 1, 2, 3, 4].map((latent) => look({ latent })));
  const heads = await Promise.all([0, 1].map((head) => look({ head })));
  const all = await look({});
  nearAll(meanOf(latents), all.values, 1e-6);
  nearAll(meanOf(heads), all.values, 1e-6);
  near(sum(latents.map(({ entropy }) => entropy)) / 5, all.entropy, 1e-5);
  assert.ok(all.meanEntropy > all.entropy); // entropy is concave
  assert.notDeepEqual(latents[0].values, latents[1].values);
  // A patch spreads its attention over the latents.
  const written = await Promise.all([0, 1, 2, 3, 4].map((latent) => look({ kind: 'write', latent })));
  nearAll(meanOf(written), new Array(6).fill(1 / 5), 1e-6);
  near(written[0].others, sum(written.slice(3).flatMap(({ values }) => [...values])) / 6, 1e-6); // time and class
  const whole = await look({ kind: 'write' });
  assert.deepEqual([whole.isConcentration, written[0].isConcentration, whole.mostEntropy], [true, false, Math.log(5)]);
  near(sum(whole.values) / 6, 1 - whole.entropy / Math.log(5), 1e-5);
});

test('what is not there is refused in a sentence', async () => {
  const model = lively();
  const refused = (options: object, message: RegExp) =>
    assert.rejects(sampleAttention(model, { seeds: [0], ...options }), message);
  await refused({ blocks: [2] }, /^RinError: block 2: expected 0 to 1, because this model has 2 blocks$/);
  await refused({ latent: 5 }, /^RinError: latent 5: expected 0 to 4, because a pass has 5 latents$/);
  await refused({ latent: 3, latents: [3, 5] }, /^RinError: latent 3: expected 0 to 2, because a pass has 3 latents$/);
  await refused({ head: -1 }, /^RinError: head -1: expected 0 to 1, because this model has 2 heads$/);
  await refused({ at: [5] }, /^RinError: step 5: expected 1 to 4, the steps of this sampling$/);
  await refused({ unlabelled: true }, /^RinError: there is no unlabelled pass to show \(guidance is 0\)/);
  const reading = lively({ model: { depth: [1, 0] } });
  await assert.rejects(
    sampleAttention(reading, { seeds: [0], kind: 'write', blocks: [1] }),
    /^RinError: block 1 only reads \(model.depth 0\), so it has no write; choose another block$/,
  );
  const data = await datasetFromSamples([{ pixels: new Uint8Array(16) }], [1, 4, 4]);
  await assert.rejects(
    dataAttention(model, data, { samples: [0] }),
    /its samples are \[1, 4, 4\]; expected \[1, 4, 6\]/,
  );
  const fitting = await datasetFromSamples([{ pixels: new Uint8Array(24) }], [1, 4, 6]);
  await assert.rejects(dataAttention(model, fitting, { samples: [1] }), /sample 1 is not there; expected 0 to 0$/);
});

test('looking leaves no tensor behind', async () => {
  const model = lively({ model: { selfConditioning: 'both' } });
  const data = await datasetFromSamples([{ pixels: new Uint8Array(24) }], [1, 4, 6]);
  const before = await settledMemory();
  await sampleAttention(model, { seeds: [1, 2, 3], batch: 2, guidance: 1 });
  await dataAttention(model, data, { samples: [0], kind: 'write' });
  assert.deepEqual(memory(), before);
});

test('sounds have a map too', async () => {
  const model = staring(3, { model: { size: [24], patch: [4] }, sampling: { steps: 1 } });
  const [{ steps, image }] = await sampleAttention(model, { seeds: [0] });
  assert.equal(image.medium, 'sound');
  assert.deepEqual(steps[0].maps[0].grid, [6]);
  near(steps[0].maps[0].values[3], 1, 1e-6);
  assert.equal(geometry(model.config.model).tokens, 6);
});
