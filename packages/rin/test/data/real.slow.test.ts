import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { open, sample, shared } from './fixtures.js';

test('the 10,000 test pictures of CIFAR-10 become 1,000 of each class', async (t) => {
  const path = shared('cifar10/test.tar');
  if (!existsSync(path)) return t.skip(`no ${path}`);
  const data = await open(path, { size: 32, memory: 0 });
  assert.equal(data.length, 10_000);
  assert.deepEqual(data.classes, [
    'airplane',
    'automobile',
    'bird',
    'cat',
    'deer',
    'dog',
    'frog',
    'horse',
    'ship',
    'truck',
  ]);
  const counts = new Array<number>(10).fill(0);
  for (let index = 0; index < data.length; index++) counts[data.label(index)]++;
  assert.deepEqual(counts, new Array(10).fill(1000));
  assert.deepEqual(data.skipped, []);
  data.close();
});

test('transparent emoji lie on the background', async (t) => {
  const path = shared('noto-emoji-128/noto-emoji-128.tar');
  if (!existsSync(path)) return t.skip(`no ${path}`);
  const data = await open(path, { size: 16, data: { background: '#00ff00' } });
  assert.equal(data.length, 1644);
  assert.equal(data.classes.length, 9);
  const corners = Array.from({ length: data.length }, (_, index) => sample(data, index)).filter(
    (pixels) => pixels[0] === 0 && pixels[256] === 255 && pixels[512] === 0,
  );
  assert.ok(corners.length > 1000, `${corners.length} pictures with a green corner`);
});

test('photographs with a list beside lie in the tar as their list says', async (t) => {
  const path = shared('flowers128/flowers128.tar');
  if (!existsSync(path)) return t.skip(`no ${path}`);
  const data = await open(path, { size: 32 });
  const rows = readFileSync(shared('flowers128/metadata.jsonl'), 'utf8').trim().split('\n');
  const list: { file_name: string; label: number; class: string }[] = rows.map((row) => JSON.parse(row));
  assert.equal(data.length, list.length);
  const counts = (labels: number[]) => data.classes.map((_, label) => labels.filter((x) => x === label).length);
  assert.deepEqual(counts(Array.from(list, ({ label }) => label)), counts(Array.from(list, (_, i) => data.label(i))));
  for (const { label, class: name } of list) assert.equal(data.classes[label], name);
});

test('MNIST is 60,000 digits, and the first is a five', async (t) => {
  const folder = shared('mnist');
  if (!existsSync(folder)) return t.skip(`no ${folder}`);
  const data = await open(folder, { size: 28, channels: 1, onNotice: () => {} });
  assert.deepEqual([data.length, data.classes.join('')], [60_000, '0123456789']);
  const raw = gunzipSync(readFileSync(join(folder, 'train-images-idx3-ubyte.gz')));
  for (const index of [0, 31_415, 59_999]) {
    assert.ok(Buffer.from(sample(data, index)).equals(raw.subarray(16 + 784 * index, 16 + 784 * (index + 1))));
  }
  assert.equal(data.label(0), 5);
  // The mean and standard deviation that all the world normalises with, and E(2x - 1)² from them.
  const [mean, deviation] = [0.1307, 0.3081];
  assert.ok(Math.abs(data.meanSquare - (4 * (deviation ** 2 + mean ** 2) - 4 * mean + 1)) < 1e-3);
});

test('the first batch of CIFAR-10 has its published numbers of each class', async (t) => {
  const folder = shared('cifar10-binary');
  if (!existsSync(folder)) return t.skip(`no ${folder}`);
  const data = await open(folder, { size: 32, onNotice: () => {} });
  assert.deepEqual([data.length, data.classes[0], data.classes[9]], [10_000, 'airplane', 'truck']);
  const counts = new Array<number>(10).fill(0);
  for (let index = 0; index < data.length; index++) counts[data.label(index)]++;
  assert.deepEqual(counts, [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]);
  // Mean and deviation of each channel, as published for the whole set; this part of it is as good as the whole to 0.01.
  const sums = [0, 0, 0];
  for (let index = 0; index < data.length; index++) {
    const pixels = sample(data, index);
    for (const [channel] of sums.entries())
      for (let i = 0; i < 1024; i++) sums[channel] += pixels[1024 * channel + i] / 255;
  }
  const means = sums.map((sum) => sum / 1024 / data.length);
  for (const [channel, mean] of [0.4914, 0.4822, 0.4465].entries()) assert.ok(Math.abs(means[channel] - mean) < 0.01);
});
