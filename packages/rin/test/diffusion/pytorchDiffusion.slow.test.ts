import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { latentSlots, type Purpose, permute, selfConditionings, sizeList, uniform } from '@rin/core';
import { scope } from '@rin/torch';
import sharp from 'sharp';
import type { Config } from '../../src/config/config.js';
import type { Batch } from '../../src/data/loader.js';
import { fewestTrained } from '../../src/diffusion/latentDrop.js';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { trainingLoss } from '../../src/diffusion/objective.js';
import { sample } from '../../src/diffusion/sample.js';
import { toTensor } from '../model/reference/compare.js';
import { generator, randomParameters, values } from '../model/reference/draws.js';
import type { Values } from '../model/reference/values.js';
import {
  ask,
  assertEqualGradients,
  example,
  meanSquare,
  needsPython,
  python,
  type Question,
  root,
} from '../pytorch/ask.js';
import { draws } from './formulas.js';
import { classRows, run } from './running.js';
import { configure } from './scripted.js';
import { batchOf, drawOf, takeGradients } from './training.js';

// The training loss and the samplers of examples/pytorch/rin.py give what ours give, for each option of the diffusion and
// sampling sections, with our draws. Both compute in float32; steps of some 100 operations lose one or two of its seven digits.

interface Changes {
  readonly model?: object;
  readonly diffusion?: object;
  readonly sampling?: object;
  readonly section?: number;
  readonly training?: object;
}

const kinds = ['eps', 'x', 'v'] as const;
const forms = selfConditionings.filter((form) => form !== 'none');
const schedules = {
  sigmoid: { kind: 'sigmoid', start: -3, end: 3, tau: 1.1 },
  cosine: { kind: 'cosine', start: 0.2, end: 1, tau: 1.5 },
  'cosine-nichol': { kind: 'cosine-nichol' },
  linear: { kind: 'linear' },
  log: { kind: 'log', start: 1e-3, end: 1 },
  'log, reversed': { kind: 'log', start: 1e-3, end: 1, reverse: true },
};

/** Two given frames, three to predict; either kind leaves a slice that is not full. */
const clips = { size: [5, 4, 6], patch: [4, 2, 2], givenFrames: 2 };

const losses: Record<string, Changes> = {
  'as it is published': {},
  ...Object.fromEntries(
    kinds.flatMap((prediction) =>
      kinds.map((loss) => [`prediction ${prediction}, loss ${loss}`, { diffusion: { prediction, loss } }]),
    ),
  ),
  ...Object.fromEntries(
    kinds.map((loss) => [
      `clipInTraining, loss ${loss}`,
      { diffusion: { loss, inputScale: 0.8, clipInTraining: true } },
    ]),
  ),
  ...Object.fromEntries(Object.entries(schedules).map(([name, schedule]) => [name, { diffusion: { schedule } }])),
  'timeSampling: stratified': { diffusion: { timeSampling: 'stratified' } },
  'normalizeInput: sample': { diffusion: { normalizeInput: 'sample', inputScale: 0.4 } },
  'normalizeInput: expected': { diffusion: { normalizeInput: 'expected', inputScale: 0.4 } },
  'selfConditioningRate: 0': { diffusion: { selfConditioningRate: 0 } },
  'selfConditioningRate: 0.5': { diffusion: { selfConditioningRate: 0.5 } },
  'selfConditioningBy: part': { diffusion: { selfConditioningRate: 0.5, selfConditioningBy: 'part' } },
  ...Object.fromEntries(
    forms.map((selfConditioning) => [`selfConditioning: ${selfConditioning}`, { model: { selfConditioning } }]),
  ),
  ...Object.fromEntries(
    kinds.map((prediction) => [
      `selfConditioning: data, prediction ${prediction}`,
      { model: { selfConditioning: 'data' }, diffusion: { prediction, inputScale: 0.5, normalizeInput: 'sample' } },
    ]),
  ),
  'selfConditioning: none': { model: { selfConditioning: 'none' }, diffusion: { selfConditioningRate: 0 } },
  'givenFrames: two of five': { model: { ...clips, selfConditioning: 'both+data' } },
  'givenFrames beside labels that are dropped': { model: clips, diffusion: { labelDropout: 0.5 } },
  'labelDropout: 0.5': { diffusion: { labelDropout: 0.5 } },
  ...Object.fromEntries(
    forms.map((selfConditioning) => [
      `latentDrop, selfConditioning ${selfConditioning}`,
      {
        ...{ model: { selfConditioning, latents: 8 }, training: { latentDrop: 1 } },
        diffusion: { selfConditioningRate: 0.5 },
      },
    ]),
  ),
  'latentDrop with given frames': { model: { ...clips, latents: 8 }, training: { latentDrop: 0.5 } },
};

/** A batch of eight samples of the model. */
const batchFor = ({ model: { size } }: Config): Batch => {
  return batchOf(8, Array.isArray(size) ? size.reduce((product, extent) => product * extent, 1) : 24);
};
const { seed, position, step } = drawOf();

function lossQuestion(over: Changes): Question {
  const config = configure(over);
  const batch = batchFor(config);
  const { givenFrames } = config.model;
  const [frames, ...plane] = sizeList(config.model.size);
  const length = batch.pixels.length / 8;
  const firstPredicted = givenFrames * 24; // a frame has 24 values
  const signals = (isGiven: boolean): number[] =>
    Array.from(batch.pixels).flatMap((byte, i) =>
      i % length < firstPredicted === isGiven ? [((2 * byte) / 255 - 1) * config.diffusion.inputScale] : [],
    );
  const shape = [8, 1, frames - givenFrames, ...plane];
  const { timeSampling, selfConditioningRate, selfConditioningBy, labelDropout } = config.diffusion;
  const each = <T>(value: (i: number) => T): T[] => Array.from(batch.labels, (_, i) => value(i));
  const drawn = (purpose: Purpose, i: number, pass = 0) => uniform(seed, purpose, position + i, pass);
  const stratified = (i: number) => (permute(i, 8, seed, step, 'strata') + drawn('time', i)) / 8;
  const { latents } = config.model;
  const { learned } = latentSlots(config.model);
  const most = Math.min(Math.floor(config.training.latentDrop * learned), learned - 1);
  const flat = (values: (number | boolean)[], shape: number[]): Values => ({
    shape,
    data: Float64Array.from(values, Number),
  });
  return {
    ...{ task: 'loss', config, parameters: randomParameters(config.model, 1) },
    given: {
      x: flat(signals(false), shape),
      ...(givenFrames > 0 && { given: flat(signals(true), [8, 1, givenFrames, ...plane]) }),
      condition: flat(each((i) => [0, 1, 2].map((place) => place === batch.labels[i])).flat(), [8, 3]),
      t: flat(
        each((i) => (timeSampling === 'stratified' ? stratified(i) : drawn('time', i))),
        [8],
      ),
      eps: flat(each((i) => draws(seed, 'noise', position + i, 0, length - firstPredicted)).flat(), shape),
      counts: flat(
        each((i) => latents - Math.floor(drawn('latentDrop', i) * (most + 1))),
        [8],
      ),
      keep_estimate: flat(
        each((i) => (selfConditioningBy === 'part' ? i < 4 : drawn('selfConditioning', i) < selfConditioningRate)),
        [8],
      ),
      keep_label: flat(
        [0, 1].flatMap((pass) => each((i) => drawn('labelDropout', i, pass) >= labelDropout)),
        [2, 8],
      ),
    },
  };
}

const samplings: Record<string, Changes> = {
  'as it is published': {},
  'sampler: ddim': { sampling: { sampler: 'ddim' } },
  'sampler: ddim, eta': { sampling: { sampler: 'ddim', eta: 0.6 } },
  'sampler: heun': { sampling: { sampler: 'heun' } },
  'sampler: heun, timeDelta': { sampling: { sampler: 'heun', timeDelta: 1 }, diffusion: { prediction: 'v' } },
  'sampler: heun, momentum': { model: { selfConditioning: 'both+data' }, sampling: { sampler: 'heun', momentum: 0.5 } },
  'sampler: heun, interval of guidance': {
    sampling: { sampler: 'heun', guidance: 2, guidanceFrom: 0.3, guidanceTo: 0.6 },
  },
  'sampler: dpm2m': { sampling: { sampler: 'dpm2m' } },
  'sampler: dpm2m, sigmoid': { sampling: { sampler: 'dpm2m', schedule: schedules.sigmoid } },
  'sampler: dpm2mSde': { sampling: { sampler: 'dpm2mSde' } },
  ...Object.fromEntries(Object.entries(schedules).map(([name, schedule]) => [name, { sampling: { schedule } }])),
  guidance: { sampling: { guidance: 1.5 } },
  'guidance in an interval': { sampling: { guidance: 1.5, guidanceFrom: 0.2, guidanceTo: 0.7 } },
  latents: { sampling: { latents: 3 } },
  'latents over the steps': { sampling: { latents: [3, 5] }, model: { selfConditioning: 'both+data' } },
  'latents over the steps, fewer at the end, with momentum': { sampling: { latents: [5, 4, 3], momentum: 0.5 } },
  'latents more and fewer, heun, guidance, momentum': {
    sampling: { latents: [3, 5, 4], sampler: 'heun', guidance: 1.5, momentum: 0.3 },
  },
  guidanceLatents: { sampling: { guidance: 1.5, guidanceLatents: 3 } },
  'guidanceLatents and latents over the steps, in an interval': {
    sampling: { guidance: 1.5, guidanceFrom: 0.2, guidanceTo: 0.7, guidanceLatents: [3, 4], latents: [4, 5] },
  },
  'latents with given frames': { model: clips, sampling: { latents: [3, 5], guidance: 1, guidanceLatents: 4 } },
  'variance: small': { sampling: { variance: 'small' } },
  timeDelta: { sampling: { timeDelta: 2, sampler: 'ddim' } },
  ...Object.fromEntries(
    forms.flatMap((selfConditioning) => [
      [`selfConditioning: ${selfConditioning}`, { model: { selfConditioning } }],
      [`momentum, selfConditioning ${selfConditioning}`, { model: { selfConditioning }, sampling: { momentum: 0.5 } }],
    ]),
  ),
  'selfConditioning: data, guidance': { model: { selfConditioning: 'data' }, sampling: { guidance: 1.5 } },
  'selfConditioning: data, clip false': {
    ...{ model: { selfConditioning: 'data' }, diffusion: { prediction: 'v', inputScale: 0.5 } },
    sampling: { clip: false },
  },
  'clip: false': { sampling: { clip: false }, diffusion: { prediction: 'v' } },
  'prediction: x': { diffusion: { prediction: 'x' } },
  'prediction: v': { diffusion: { prediction: 'v' }, sampling: { sampler: 'ddim' } },
  'normalizeInput: sample': { diffusion: { normalizeInput: 'sample', inputScale: 0.5 } },
  'normalizeInput: expected': { diffusion: { normalizeInput: 'expected', inputScale: 0.5 } },
  'selfConditioningRate: 0, nothing is carried': { diffusion: { selfConditioningRate: 0 } },
  'selfConditioning: none': { model: { selfConditioning: 'none' }, diffusion: { selfConditioningRate: 0 } },
  'givenFrames, with guidance': { model: clips, sampling: { guidance: 1.5 } },
  'givenFrames: the second section of a longer clip': { model: clips, section: 1 },
  'givenFrames: normalizeInput leaves them as they are': {
    ...{ model: clips, diffusion: { normalizeInput: 'sample', inputScale: 0.5 } },
  },
};

const seeds = [5, 2 ** 40 + 3];
const condition = (): Values => ({ shape: [2, 3], data: Float64Array.of(1, 0, 0, 0, 0, 1) });

const givenFrames = (): Values => values(generator(3), [2, 1, 2, 4, 6], 0.5);

function sampleQuestion(over: Changes): Question {
  const { section, ...changes } = over;
  const config = configure({ ...changes, sampling: { steps: 10, ...over.sampling } });
  return {
    task: 'sample',
    config,
    parameters: randomParameters(config.model, 1),
    given: { condition: condition(), ...(config.model.givenFrames > 0 && { given: givenFrames() }) },
    ...{ seeds, section },
  };
}

const prefixed = (prefix: string, cases: Record<string, Changes>, question: (over: Changes) => Question) =>
  Object.fromEntries(Object.entries(cases).map(([name, over]) => [`${prefix}: ${name}`, question(over)]));
const questions = {
  ...prefixed('training loss', losses, lossQuestion),
  ...prefixed('ten steps of sampling', samplings, sampleQuestion),
};
const answers = await ask(questions);

for (const [name, { task, config, section }] of Object.entries(questions)) {
  test(name, needsPython, async () => {
    const { answer, model } = answers.get(name) ?? assert.fail();
    if (task === 'loss') {
      const found = scope(() => {
        const loss = trainingLoss(
          model.network,
          config.diffusion,
          batchFor(config),
          drawOf({ meanSquare, fewestLatents: fewestTrained(config.model, config.training.latentDrop) }),
        );
        loss.backward();
        return loss.item();
      });
      const [expected] = answer.loss.data;
      assert.ok(Math.abs(found / expected - 1) < 1e-5, `loss ${found}, expected ${expected}`);
      assertEqualGradients(takeGradients(model.network), answer, 1e-4);
    } else {
      const frames = config.model.givenFrames > 0 && { given: toTensor(givenFrames(), 'float32') };
      const found = await run(model.network, config, {
        seeds: [...seeds],
        condition: classRows(0, 2),
        section,
        ...frames,
      });
      const largest = found.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      const differences = found.map((value, i) => Math.abs(value - answer.x.data[i]) / largest);
      assert.ok(Math.max(...differences) < 1e-4, `x̂₀ is off by ${Math.max(...differences)} of the largest`);
    }
  });
}

test('the noise of a seed is ours, to the last digit of float32', needsPython, () => {
  const { answer } = answers.get('ten steps of sampling: as it is published') ?? assert.fail();
  for (const [name, purpose, at] of [
    ['start', 'sampleStart', 0],
    ['step', 'sampleStep', 3],
  ] as const) {
    const expected = seeds.flatMap((picture) => draws(0, purpose, picture, at, 24));
    for (const [i, value] of answer[name].data.entries()) {
      assert.ok(Math.abs(value - expected[i]) <= Math.abs(expected[i]) * 2 ** -23, `${name}[${i}]`);
    }
  }
});

test('the Python of docs/programs.md runs, and its command draws the pictures of rin sample', needsPython, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rin-pytorch-'));
  try {
    const path = join(root, 'packages/rin/models/emoji-64.safetensors');
    copyFileSync(path, join(folder, 'model.safetensors'));
    const inFolder = (...args: string[]) => {
      const env = { ...process.env, PYTHONPATH: dirname(example), PYTHONDONTWRITEBYTECODE: '1' };
      const { status, stderr } = spawnSync(python ?? '', args, { cwd: folder, encoding: 'utf8', env });
      assert.equal(status, 0, stderr);
    };
    const refused = (reason: RegExp, ...args: string[]) => {
      const { status, stderr } = spawnSync(python ?? '', [example, ...args], { cwd: folder, encoding: 'utf8' });
      assert.ok(status === 1 || status === 2, stderr);
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /Traceback/);
    };
    writeFileSync(join(folder, 'damaged.safetensors'), readFileSync(path).subarray(0, 1000));
    refused(/^none\.safetensors: no model .*FileNotFoundError/, 'none.safetensors');
    refused(/^damaged\.safetensors: no model/, 'damaged.safetensors');
    for (const wrong of ['--seeds=-1', '--steps=0', '--columns=0', '--classes=unicorn'])
      refused(/expected seeds from 0 on|there is no class unicorn/, 'model.safetensors', wrong);

    const programs = [...readFileSync(join(root, 'docs/programs.md'), 'utf8').matchAll(/^```py\n(.*?)^```/gms)];
    assert.equal(programs.length, 1);
    for (const [, program] of programs) inFolder('-c', program);

    const options = ['--classes', 'cat', 'heart', '--seeds', '0', '1', '2', '--out', 'grid.png'];
    inFolder(example, 'model.safetensors', ...options, '--steps', '10', '--columns', '2');
    const { data, info } = await sharp(join(folder, 'grid.png')).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [128, 128, 3]);
    const images = await sample(await loadModel(path), { seeds: [0, 1, 2], classes: ['cat', 'heart'], steps: 10 });
    for (let y = 0; y < 128; y++) {
      for (let x = 0; x < 128; x++) {
        const image = images[2 * Math.floor(y / 64) + Math.floor(x / 64)];
        for (let c = 0; c < 3; c++) {
          const expected = image?.data[(c * 64 + (y % 64)) * 64 + (x % 64)] ?? 255; // the last place stays white
          const found = data[(y * 128 + x) * 3 + c];
          assert.ok(Math.abs(found - expected) <= 1, `row ${y}, column ${x}: ${found}, expected ${expected}`);
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
