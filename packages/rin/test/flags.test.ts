import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flags, nearestFlag, setFlag } from '../src/core/config/flags.js';
import { parseConfig } from '../src/core/config/parse.js';
import { UsageError } from '../src/core/errors.js';

const flag = (path: string) => flags.find((each) => each.path === path);
const set = (...pairs: [string, string][]) =>
  pairs.reduce<unknown>((config, [path, text]) => setFlag(config, path, text), { model: { size: 64, patch: 8 } });

test('every key of a configuration is a flag with a description, and no two flags are the same', () => {
  const paths = (value: object, path = ''): string[] =>
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && !Array.isArray(inner) && !('kind' in inner)
        ? paths(inner, `${path}${key}.`)
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
  assert.deepEqual(flag('sampling.sampler')?.choices, ['ddim', 'ddpm']);
  assert.equal(flag('sampling.sampler')?.placeholder, 'ddim|ddpm');
  assert.equal(flag('model.depth')?.default, '[2, 2, 2]');
  assert.equal(flag('diffusion.schedule')?.default, '{kind: sigmoid, start: -3, end: 3, tau: 0.9}');
  assert.equal(flag('training.images')?.placeholder, 'IMAGES');
  assert.equal(flag('training.microBatch')?.default, undefined);
  assert.equal(flag('diffusion.inputScale')?.range, 'above 0, at most 4');
});

test('a default that is typed as shown changes nothing', () => {
  const before = parseConfig(set(), '');
  const typed = flags.flatMap<[string, string]>((each) =>
    each.default === undefined ? [] : [[each.path, each.default]],
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
    /^UsageError: --model\.depth "\[4," is not readable as YAML: .* at line 1, column 4$/,
  );
  assert.deepEqual(['lrr', 'depth', 'image', 'sampler', 'diffusion.scedule', 'label-dropout'].map(nearestFlag), [
    '--lr',
    '--model.depth',
    '--images',
    '--sampling.sampler',
    '--diffusion.schedule',
    '--diffusion.labelDropout',
  ]);
});
