import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { tensor, writeSafetensors } from '@rin/torch';
import { imagesLabel, listCheckpoints, loadNewest, saveCheckpoint } from '../../src/runs/checkpoint.js';
import { Learner } from '../../src/training/learner.js';
import { refusedAt } from '../disk/dying.js';
import { freshFolder, tiny } from '../training/tiny.js';

const state = (images: number) => ({
  counters: { images, updates: images / 8, lossSum: 0.1 + 0.2, normSum: 1e-9, summed: 3, seconds: 1.5 },
  parts: {
    weights: { 'stem.weight': tensor([[images, 0.1]]) },
    average: { 'stem.weight': tensor([[3, images]]) },
    optimizer: { 'mean.stem.weight': tensor([[1e-30, images]]) },
  },
});

const silent = () => {};

test('a checkpoint gives back what was saved, to the bit', async () => {
  const run = freshFolder();
  await saveCheckpoint(run, imagesLabel(16), state(16));
  const loaded = await loadNewest(run, silent);
  assert.deepEqual(loaded?.counters, state(16).counters);
  for (const [part, tensors] of Object.entries(state(16).parts))
    for (const [name, expected] of Object.entries(tensors))
      assert.deepEqual(loaded?.parts[part][name].toTypedArray(), expected.toTypedArray());
});

test('parts are files by their name, so that there may be several averages', async () => {
  const run = freshFolder();
  const parts = { ...state(16).parts, 'average-short': { 'stem.weight': tensor([5]) } };
  await saveCheckpoint(run, imagesLabel(16), { ...state(16), parts, microBatch: 4 });
  assert.deepEqual(readdirSync(join(run, 'checkpoint-000000.016k')).sort(), [
    'average-short.safetensors',
    'average.safetensors',
    'checkpoint.json',
    'optimizer.safetensors',
    'weights.safetensors',
  ]);
  const loaded = await loadNewest(run, silent);
  assert.deepEqual(Object.keys(loaded?.parts ?? {}).sort(), ['average', 'average-short', 'optimizer', 'weights']);
  assert.equal(loaded?.microBatch, 4);
});

test('a checkpoint of the first format is read: three parts, and nothing but counters and digests', async () => {
  const run = freshFolder();
  const folder = join(run, 'checkpoint-000000.016k');
  mkdirSync(folder);
  const digest = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
  const digests: Record<string, string> = {};
  for (const [part, tensors] of Object.entries(state(16).parts)) {
    const path = join(folder, `${part}.safetensors`);
    await writeSafetensors(path, tensors);
    digests[part] = digest(readFileSync(path));
  }
  const content =
    `{"counters":{"images":16,"updates":2,"lossSum":0.5,"normSum":1.25,"summed":1,"seconds":0.75},` +
    `"digests":{"weights":"${digests.weights}","average":"${digests.average}","optimizer":"${digests.optimizer}"}`;
  writeFileSync(join(folder, 'checkpoint.json'), `${content},"sha256":"${digest(`${content}}`)}"}`);
  const loaded = await loadNewest(run, silent);
  assert.deepEqual(loaded?.counters, { images: 16, updates: 2, lossSum: 0.5, normSum: 1.25, summed: 1, seconds: 0.75 });
  assert.deepEqual(loaded?.parts.average['stem.weight'].toTypedArray(), Float32Array.of(3, 16));
  assert.equal(loaded?.microBatch, undefined);
});

test('the newest is by images, not by name', async () => {
  const run = freshFolder();
  for (const images of [999_000_000, 2_000_000_000, 2016, 2000])
    await saveCheckpoint(run, imagesLabel(images), state(images));
  assert.deepEqual(await listCheckpoints(run), [
    'checkpoint-2000000k',
    'checkpoint-999000k',
    'checkpoint-000002.016k',
    'checkpoint-000002k',
  ]);
  assert.equal((await loadNewest(run, silent))?.counters.images, 2e9);
});

test('a folder that has the name of a checkpoint is moved aside, and the whole checkpoint takes its place', async () => {
  const run = freshFolder();
  const path = join(run, 'checkpoint-000000.016k');
  mkdirSync(path);
  writeFileSync(join(path, 'checkpoint.json'), 'cut short');
  await saveCheckpoint(run, imagesLabel(16), state(16));
  assert.equal((await loadNewest(run, silent))?.counters.images, 16);
  assert.deepEqual(readdirSync(run).sort(), ['checkpoint-000000.016k', 'checkpoint-000000.016k.damaged']);
  assert.equal(readFileSync(join(run, 'checkpoint-000000.016k.damaged/checkpoint.json'), 'utf8'), 'cut short');
});

test('whatever the system refuses while a checkpoint is written is told in a sentence, and nothing half made is left', async () => {
  for (const code of ['ENOSPC', 'EIO']) {
    for (let n = 1; ; n++) {
      const run = freshFolder();
      const { error, isReached } = await refusedAt(n, code, () => saveCheckpoint(run, imagesLabel(16), state(16)));
      if (!isReached) break;
      assert.ok(error instanceof RinError, `${code} at change ${n}: ${error}`);
      assert.match(error.message, /cannot write .*(checkpoint-000000\.016k|rin-training-)/);
      assert.doesNotMatch(error.message, /\.part|raw/);
      assert.deepEqual(readdirSync(run), []);
    }
  }
});

test('whatever is done to any file of a checkpoint, the one before it is found', async () => {
  const run = freshFolder();
  await saveCheckpoint(run, imagesLabel(8), state(8));
  const newest = join(run, 'checkpoint-000000.016k');
  await saveCheckpoint(run, imagesLabel(16), state(16));
  const intact = join(freshFolder(), 'intact');
  cpSync(newest, intact, { recursive: true });
  for (const file of readdirSync(intact)) {
    const path = join(newest, file);
    const bytes = readFileSync(path);
    const flipped = (at: number) => Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 4 : byte)));
    const damages: (() => void)[] = [() => rmSync(path)];
    for (let at = 0; at < bytes.length; at += 7) damages.push(() => writeFileSync(path, flipped(at)));
    for (let length = 0; length < bytes.length; length += 97)
      damages.push(() => writeFileSync(path, bytes.subarray(0, length)));
    for (const [i, damage] of damages.entries()) {
      damage();
      const said: string[] = [];
      assert.equal((await loadNewest(run, (text) => said.push(text)))?.counters.images, 8, `${file}, damage ${i}`);
      assert.equal(said.length, 1);
      renameSync(`${newest}.damaged`, newest);
      cpSync(intact, newest, { recursive: true });
    }
  }
  assert.equal((await loadNewest(run, silent))?.counters.images, 16);
});

test('a checkpoint of another version of the network is refused with a parameter that does not fit', () => {
  using learner = new Learner(tiny(), 1, { device: 'cpu', dtype: 'float32' });
  const { 'stem.weight': stem, ...others } = learner.tensors.weights;
  for (const [weights, misfit] of [
    [{ ...others, 'trunk.weight': stem }, 'trunk.weight [16, 16]'],
    [{ ...others, 'stem.weight': tensor([1, 2]) }, 'stem.weight [2]'],
    [others, 'stem.weight [16, 16]'],
  ] as const) {
    const said = `the checkpoint's weights do not fit this version of the network: ${misfit}; start a new run`;
    assert.throws(
      () => learner.restore({ parts: { ...learner.tensors, weights } }),
      (error) => error instanceof RinError && error.message === said,
    );
  }
});
