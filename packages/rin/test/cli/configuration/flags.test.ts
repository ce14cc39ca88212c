import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, UsageError } from '@rin/core';
import { flags, nearestFlag, setFlag } from '../../../src/cli/configuration/flags.js';
import { parseConfig, valueAt } from '../../../src/config/parse.js';

const flag = (path: string) => flags.find((each) => each.path === path);
const set = (...pairs: [string, string][]) =>
  pairs.reduce<unknown>((config, [path, text]) => setFlag(config, path, text), { model: { size: 64, patch: 8 } });

test('every key of a configuration is a flag with a description, and no two flags are the same', () => {
  const paths = (value: object, path = ''): string[] =>
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && !Array.isArray(inner)
        ? [...('kind' in inner ? [`${path}${key}`] : []), ...paths(inner, `${path}${key}.`)]
        : key === 'kind'
          ? []
          : `${path}${key}`,
    );
  const resolved = parseConfig({ model: { size: 64, patch: 8 } }, '');
  const known = new Set(flags.map(({ path }) => path));
  for (const path of paths(resolved)) assert.ok(known.has(path), path);
  for (const each of flags) assert.ok(each.description.length > 5, each.path);
  const names = flags.flatMap((each) => [each.flag, ...(each.alias ? [each.alias] : [])]);
  assert.equal(new Set(names).size, names.length);
});

test('a flag tells placeholder, range, choices, default and whether it is required', () => {
  assert.deepEqual(flag('model.latents'), {
    path: 'model.latents',
    flag: '--model.latents',
    placeholder: 'N',
    range: 'at least 1',
    default: '128',
    required: false,
    description: 'latent tokens m; the time and condition tokens count among them',
  });
  assert.deepEqual(
    flags.filter(({ required }) => required).map(({ path }) => path),
    ['model.size', 'model.patch'],
  );
  assert.deepEqual(flag('sampling.sampler')?.choices, ['ddim', 'ddpm', 'heun', 'dpm2m', 'dpm2mSde']);
  assert.equal(flag('sampling.sampler')?.placeholder, 'ddim|ddpm|heun|dpm2m|dpm2mSde');
  assert.equal(flag('model.depth')?.default, '[2, 2, 2]');
  assert.equal(flag('diffusion.schedule')?.default, '{kind: sigmoid, start: -3, end: 3, tau: 0.9}');
  assert.equal(flag('training.images')?.placeholder, 'IMAGES');
  assert.equal(flag('training.microBatch')?.default, undefined);
  assert.equal(flag('diffusion.inputScale')?.range, 'above 0, at most 4');
});

test('a key beside a kind tells which kinds have it, and what all of them agree on', () => {
  assert.deepEqual(flag('training.optimizer.adamRate'), {
    path: 'training.optimizer.adamRate',
    flag: '--training.optimizer.adamRate',
    placeholder: 'X',
    range: 'above 0',
    default: '0.002',
    kinds: ['muon'],
    required: false,
    description: 'learning rate of AdamW, which trains all but the block matrices',
  });
  const facts = (path: string) => [flag(path)?.kinds, flag(path)?.range, flag(path)?.default];
  assert.deepEqual(facts('training.optimizer.beta1'), [['lamb', 'adamw', 'muon'], 'at least 0, below 1', '0.9']);
  assert.deepEqual(facts('training.optimizer.beta2'), [['lamb', 'adamw', 'muon'], 'at least 0, below 1', undefined]);
  assert.deepEqual(facts('diffusion.schedule.start'), [['sigmoid', 'cosine', 'log'], undefined, undefined]);
  assert.deepEqual(facts('diffusion.schedule.tau'), [['sigmoid', 'cosine'], 'above 0', undefined]);
  // 0.8 where nothing is said, 1 where the kind is named
  assert.deepEqual(facts('training.decay.rate'), [['cosine'], 'above 0, at most 1', undefined]);
  assert.equal(flags[flags.findIndex(({ path }) => path === 'training.ema') + 1].path, 'training.ema.decay');
});

test('a default that is typed as shown changes nothing', () => {
  const before = parseConfig(set(), '');
  const typed = flags.flatMap<[string, string]>((each) =>
    each.default === undefined || valueAt(before, each.path) === undefined ? [] : [[each.path, each.default]],
  );
  assert.deepEqual(parseConfig(set(...typed), ''), before);
});

test('text becomes what the key holds: numbers, lists, choices, and text as it stands', () => {
  const config = parseConfig(
    set(
      ['model.depth', '[4,4]'],
      ['model.size', '[32, 48]'],
      ['model.timeScaling', '1e4'],
      ['diffusion.schedule', '{kind: cosine, tau: 2}'],
      ['sampling.schedule', 'linear'],
      ['training.images', '200k'],
      ['data.flip', 'true'],
      ['data.background', '#00ff00'],
      ['name', '123'],
      ['model.selfConditioning', 'latents'],
    ),
    'command line',
  );
  assert.deepEqual(config.model.depth, [4, 4]);
  assert.deepEqual(config.model.size, [32, 48]);
  assert.equal(config.model.timeScaling, 10_000);
  assert.deepEqual(config.diffusion.schedule, { kind: 'cosine', start: 0, end: 1, tau: 2 });
  assert.deepEqual(config.sampling.schedule, { kind: 'linear' });
  assert.equal(config.training.images, 200_000);
  assert.equal(config.data.flip, true);
  assert.equal(config.data.background, '#00ff00');
  assert.equal(config.name, '123');
});

test('a part of a choice changes that part; another kind replaces it', () => {
  const schedule = (text: string) =>
    parseConfig(set(['diffusion.schedule', '{kind: sigmoid, start: -4}'], ['diffusion.schedule', text]), '').diffusion
      .schedule;
  assert.deepEqual(schedule('{tau: 1.1}'), { kind: 'sigmoid', start: -4, end: 3, tau: 1.1 });
  assert.deepEqual(schedule('cosine'), { kind: 'cosine', start: 0, end: 1, tau: 1 });
});

test('a key beside a kind is set on top of the kind that is there, or of the default', () => {
  const optimizer = (...pairs: [string, string][]) => parseConfig(set(...pairs), '').training.optimizer;
  assert.deepEqual(optimizer(['training.optimizer', 'muon'], ['training.optimizer.adamRate', '1e-3']), {
    kind: 'muon',
    momentum: 0.95,
    newtonSchulzSteps: 4,
    adamRate: 0.001,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
  });
  assert.deepEqual(optimizer(['training.optimizer.beta2', '0.99']), {
    kind: 'lamb',
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
  });
  const flat = parseConfig(set(['training.decay.flat', '0.4']), '');
  assert.deepEqual(flat.training.decay, { kind: 'cosine', rate: 0.8, flat: 0.4 });
  const below = { diffusion: { schedule: { kind: 'cosine', tau: 2 } } };
  assert.deepEqual(setFlag({}, 'diffusion.schedule.end', '0.9', below), { diffusion: { schedule: { end: 0.9 } } });
});

test('a key that the kind does not have is told with the kinds that do', () => {
  assert.throws(
    () => parseConfig(set(['training.optimizer.adamRate', '1e-3']), 'x'),
    new ConfigError(
      'x: training.optimizer.adamRate is a key of muon, not of lamb; known here: kind, beta1, beta2, epsilon',
    ),
  );
  assert.throws(
    () => setFlag({}, 'training.optimizer.adamRat', '1'),
    /; did you mean --training\.optimizer\.adamRate\?$/,
  );
});

test('aliases set the same keys', () => {
  const config = parseConfig(
    set(['lr', '1e-4'], ['images', '3M'], ['batch', '8'], ['size', '16'], ['data', 'pictures']),
    '',
  );
  assert.deepEqual([config.training.learningRate, config.training.images, config.training.batch], [1e-4, 3e6, 8]);
  assert.deepEqual([config.model.size, config.source], [16, 'pictures']);
});

test('setting a flag leaves the configuration that it started from as it was', () => {
  const base = { model: { size: 64, patch: 8 } };
  setFlag(base, 'model.patch', '4');
  assert.deepEqual(base, { model: { size: 64, patch: 8 } });
});

test('a misspelt flag names the nearest; text that is not YAML says so', () => {
  assert.throws(
    () => setFlag({}, 'model.latent', '3'),
    new UsageError('--model.latent is not a known flag; did you mean --model.latents?'),
  );
  assert.throws(() => setFlag({}, 'qqqqqqq', '3'), new UsageError('--qqqqqqq is not a known flag'));
  assert.throws(
    () => setFlag({}, 'model.depth', '[4,'),
    /^UsageError: --model\.depth "\[4," is not valid YAML: .* at line 1, column 4$/,
  );
  assert.throws(() => setFlag({}, 'lr', '*x'), /^UsageError: --training\.learningRate "\*x" .*alias.* in quotes$/);
  assert.deepEqual(['lrr', 'depth', 'image', 'sampler', 'diffusion.scedule', 'label-dropout'].map(nearestFlag), [
    '--lr',
    '--model.depth',
    '--images',
    '--sampling.sampler',
    '--diffusion.schedule',
    '--diffusion.labelDropout',
  ]);
});

test('a list of numbers needs no brackets', () => {
  assert.deepEqual(valueAt(set(['size', '16,32,32']), 'model.size'), [16, 32, 32]);
  assert.deepEqual(valueAt(set(['size', '16, 32']), 'model.size'), [16, 32]);
});
