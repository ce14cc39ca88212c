import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError, geometry, UsageError } from '@rin/core';
import { type Duration, imagesOf } from '../../src/config/duration.js';
import type { ModelConfig } from '../../src/config/model.js';
import type { PresetName } from '../../src/config/types.js';
import { loadPreset, presetNamed, presetNames, presetSummary } from '../../src/training/presets.js';

/**
 * Parameters of a model with time and class on the latents, counted by hand from the paper, section 2, and the
 * authors' code: shares nothing with the model.
 */
function count(model: ModelConfig): number {
  const { latents: m, latentDim: D, interfaceDim: d, classes, depth, latentMlpRatio, interfaceMlpRatio } = model;
  const kernel = model.convolutionKernel;
  const [size, patch] = [model.size, model.patch].map((one) => (typeof one === 'number' ? [one, one] : one));
  const volume = (extents: readonly number[]) => extents.reduce((product, extent) => product * extent, 1);
  const frames = model.givenFrames > 0 ? [size[0] - model.givenFrames, model.givenFrames] : [size[0]];
  const slices = frames.reduce((sum, count) => sum + Math.ceil(count / patch[0]), 0); // each part padded on its own
  const n = (slices * volume(size.slice(1))) / volume(patch.slice(1));
  const [pixels, width] = [volume(patch) * model.channels, Math.min(d, D)];
  const dense = (input: number, output: number) => input * output + output;
  const norm = (dim: number) => 2 * dim;
  const mlp = (dim: number, ratio: number) => norm(dim) + dense(dim, ratio * dim) + dense(ratio * dim, dim);
  const attention = (q: number, kv: number, w: number) => norm(q) + dense(q, w) + 2 * dense(kv, w) + dense(w, q);

  const interfaceStart = dense(pixels, d) + norm(d) + n * d;
  const label = classes > 0 ? dense(classes, D) : 0;
  const latentStart = (m - (classes > 0 ? 2 : 1)) * D + dense(D / 4, D) + dense(D, D) + label;
  const previous = mlp(D, latentMlpRatio) + norm(D);
  const read = attention(D, d, width) + mlp(D, latentMlpRatio);
  const compute = attention(D, D, D) + mlp(D, latentMlpRatio);
  const write = attention(d, D, width) + mlp(d, interfaceMlpRatio);
  const convolution = kernel > 0 ? d * kernel ** 2 + d + norm(d) + dense(d, d) : 0; // one channel each, GroupNorm, 1×1
  const blocks = depth.reduce((sum, layers) => sum + read + layers * compute + write + convolution, 0);
  return interfaceStart + latentStart + previous + blocks + norm(d) + dense(d, pixels);
}

test('every preset is a valid configuration under its own name', () => {
  assert.deepEqual(presetNames(), [
    'benchmark',
    'bouncing',
    'characters-64',
    'cifar10',
    'cifar10-small',
    'emoji-64',
    'imagenet1024',
    'imagenet128',
    'imagenet256',
    'imagenet512',
    'imagenet64',
    'kinetics600',
    'mnist',
    'photos-64',
    'sprites-32',
    'tones',
  ]);
  for (const name of presetNames()) {
    assert.equal(loadPreset(name).name, name);
    assert.ok(presetSummary(name).length > 20, name);
  }
});

test('the networks have the sizes that are known of them', () => {
  assert.equal(count(loadPreset('cifar10').model), 30_951_180); // counted: 30.95 M
  assert.equal(count(loadPreset('imagenet64').model), 157_780_160); // 157.8 M
  assert.equal((count(loadPreset('imagenet128').model) / 1e6).toFixed(1), '395.6');
  assert.equal((count(loadPreset('imagenet256').model) / 1e6).toFixed(1), '395.9');
  assert.equal((count(loadPreset('imagenet512').model) / 1e6).toFixed(1), '320.6'); // 320 M in three papers
  assert.equal((count(loadPreset('imagenet1024').model) / 1e6).toFixed(1), '412.0');
  assert.equal((count(loadPreset('kinetics600').model) / 1e6).toFixed(1), '395.5');
  const convolution = 9 * 128 + 128 * 128 + 4 * 128; // with its biases and its normalisation
  assert.equal(count(loadPreset('emoji-64').model), 1_802_048 + 3 * convolution); // 1.9 M
  assert.equal(count(loadPreset('benchmark').model), 7_775_116); // 7.78 M
  assert.equal(count(loadPreset('mnist').model), 1_755_280 + 3 * convolution); // 1.8 M
  assert.equal(count(loadPreset('cifar10-small').model), 2_367_664); // 2.37 M
});

const published = ['imagenet64', 'imagenet128', 'imagenet256', 'imagenet512', 'imagenet1024', 'kinetics600'] as const;

test('the published networks have the tokens that the paper names', () => {
  const tokens = published.map((name) => geometry(loadPreset(name).model).tokens);
  // Kinetics-600 without given frames: the paper counts the 16 frames in one part.
  assert.deepEqual(tokens.slice(1, -1), [1024, 1024, 4096, 16_384]);
  assert.equal(geometry({ ...loadPreset('kinetics600').model, givenFrames: 0 }).tokens, 2048);
});

test('every value of a published network says whether it is published, with its source, or ours', () => {
  for (const name of published) {
    const text = readFileSync(new URL(`../../../presets/${name}.yaml`, import.meta.url), 'utf8');
    const values = text.split('\n').filter((line) => /^ {2}\w+: /.test(line));
    assert.ok(values.length > 35, name);
    for (const line of values) assert.match(line, /# .*\[(paper|code|later: [^\]]+|cad|ours)[\],]/, `${name}: ${line}`);
  }
});

test('durations in images are those published in steps', () => {
  for (const [name, steps, warmup] of [
    ['cifar10', 150_000, 10_000],
    ['imagenet64', 150_000, 10_000],
    ['imagenet256', 600_000, 10_000],
  ] as const) {
    const { images, batch, warmup: warmupImages } = loadPreset(name).training;
    assert.deepEqual([images / batch, Number(warmupImages) / batch], [steps, warmup], name);
  }
});

test('the warm-up of our presets is a share: 1,600 images of the demo, and as large a part of another length', () => {
  for (const [name, images] of [
    ['emoji-64', 1600],
    ['mnist', 3200],
  ] as const) {
    const { training } = loadPreset(name);
    assert.equal(imagesOf(training.warmup, training), images, name);
    const { training: short } = loadPreset(name, { training: { images: training.images / 10 } });
    assert.equal(imagesOf(short.warmup, short), images / 10, name);
  }
});

test('a run of any length has about 50 lines of statistics, 4 previews and 10 checkpoints, unless a preset says more', () => {
  for (const name of ['emoji-64', 'mnist', 'cifar10-small'] as const)
    for (const images of ['25k', '300k']) {
      const { training } = loadPreset(name, { training: { images } });
      const times = (every: Duration) => Math.round(training.images / imagesOf(every, training));
      const { logEvery, sampleEvery, checkpointEvery } = training;
      assert.deepEqual([logEvery, sampleEvery, checkpointEvery].map(times), [50, 4, 10], `${name}, ${images}`);
    }
});

test('sampling schedules are those published: bare `cosine` in the code has offsets, that of the author has tau 1', () => {
  assert.deepEqual(loadPreset('imagenet64').sampling.schedule, { kind: 'cosine-nichol' });
  assert.deepEqual(loadPreset('cifar10').sampling.schedule, { kind: 'cosine', start: 0, end: 1, tau: 1 });
});

test('changes are laid over a preset, and what does not fit is told', () => {
  const { training, model } = loadPreset('emoji-64', { training: { images: '200k' }, model: { depth: [2, 2] } });
  assert.deepEqual([training.images, training.batch, model.depth, model.latents], [200_000, 32, [2, 2], 24]);
  assert.throws(
    () => loadPreset('emoji-64', { model: { patch: 7 } }),
    new ConfigError(
      'preset emoji-64: model.patch 7 does not divide the image size 64; use the patch 1, 2, 4, 8, 16, 32 or 64, or the image size 63',
    ),
  );
  assert.throws(() => presetNamed('emoji64'), new UsageError('there is no preset emoji64; did you mean emoji-64?'));
  assert.throws(
    () => loadPreset('photographs' as PresetName),
    /^UsageError: there is no preset photographs; known presets: benchmark, /,
  );
});
