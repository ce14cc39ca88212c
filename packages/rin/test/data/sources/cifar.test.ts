import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { cifarPixels, cifarRecord, folderOf, open, problem, sample, tar } from '../fixtures.js';

const batch = (...records: (readonly [labels: number[], n: number])[]) =>
  Buffer.concat(records.map(([labels, n]) => cifarRecord(labels, n)));

const names10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const names100 = Array.from({ length: 100 }, (_, i) => `class${i}`);
const cifar10 = {
  'batches.meta.txt': `${names10.join('\n')}\n\n`,
  'data_batch_2.bin': batch([[9], 30]),
  'data_batch_1.bin': batch([[3], 10], [[0], 20]),
  'test_batch.bin': batch([[5], 99]),
  'readme.html': 'x',
};
const cifar100 = {
  'fine_label_names.txt': names100.join('\n'),
  'coarse_label_names.txt': 'x',
  'train.bin': batch([[19, 98], 10], [[0, 7], 20]),
  'test.bin': batch([[1, 1], 99]),
};
const onNotice = () => {};

test('the training batches of a folder are taken in order, and said so', async () => {
  const said: string[] = [];
  const data = await open(await folderOf(cifar10), { size: 32, onNotice: (sentence) => said.push(sentence) });
  assert.deepEqual([data.shape, data.classes], [[3, 32, 32], names10]);
  assert.deepEqual(
    [0, 1, 2].map((i) => data.label(i)),
    [3, 0, 9],
  );
  for (const [i, n] of [10, 20, 30].entries()) assert.deepEqual([...sample(data, i)], cifarPixels(n));
  const { 'batches.meta.txt': _, ...nameless } = cifar10;
  assert.equal((await open(await folderOf(nameless), { size: 32, onNotice })).classes.join(''), '0123456789');
  assert.match(
    said.join('\n'),
    /rin uses data_batch_1\.bin, data_batch_2\.bin; to use another file, name it: test_batch\.bin$/,
  );
  const { 'data_batch_2.bin': __, ...single } = cifar10;
  await open(await folderOf(single), { size: 32, onNotice: (sentence) => said.push(sentence) });
  assert.match(said.at(-1) ?? '', /: rin uses data_batch_1\.bin; /);
});

test('of CIFAR-100 the fine labels count', async () => {
  const data = await open(await folderOf(cifar100), { size: 32, onNotice });
  assert.deepEqual(data.classes, names100);
  assert.deepEqual([data.length, data.label(0), data.label(1)], [2, 98, 7]);
  assert.deepEqual([...sample(data, 1)], cifarPixels(20));
});

test('one file is read by itself, packed or not, with the names beside it or with numbers', async () => {
  const folder = await folderOf(cifar10);
  const one = await open(join(folder, 'test_batch.bin'), { size: 32 });
  assert.deepEqual([one.length, one.label(0), one.classes], [1, 5, names10]);
  assert.deepEqual([...sample(one, 0)], cifarPixels(99));
  const alone = await open(join(await folderOf({ 'x.bin.gz': gzipSync(cifar10['test_batch.bin']) }), 'x.bin.gz'), {
    size: 32,
  });
  assert.deepEqual([alone.label(0), alone.classes.join('')], [5, '0123456789']);
  const fine = await open(join(await folderOf({ 'x.bin': cifar100['train.bin'] }), 'x.bin'), { size: 32 });
  assert.deepEqual([fine.label(0), fine.classes.length], [98, 100]);
});

test('the archive is read as its folder is, packed as it is downloaded too', async () => {
  for (const [files, name] of [
    [cifar10, 'cifar-10-binary.tar'],
    [cifar100, 'cifar-100-binary.tar'],
  ] as const) {
    const folder = await folderOf(files);
    const archive = tar(join(folder, '..'), basename(folder));
    const named = join(archive, '..', name);
    renameSync(archive, named);
    const expected = await open(folder, { size: 32, onNotice });
    const prints = [await open(named, { size: 32 })];
    execFileSync('gzip', ['-f', named]);
    prints.push(await open(`${named}.gz`, { size: 32 }));
    for (const data of prints) assert.equal(data.fingerprint, expected.fingerprint);
  }
});

test('another size and grey are scaled from the pixels', async () => {
  const flat = Buffer.concat([Buffer.from([1]), Buffer.alloc(3072, 77)]);
  const source = join(await folderOf({ 'flat.bin': flat }), 'flat.bin');
  assert.deepEqual(new Set(sample(await open(source, { size: 16 }), 0)), new Set([77]));
  assert.deepEqual(new Set(sample(await open(source, { size: 64, channels: 1 }), 0)), new Set([77]));
});

test('files that are not what they should be are told', async () => {
  const ask = async (files: Record<string, string | Buffer>) =>
    problem(open(await folderOf(files), { size: 32, onNotice }));
  const one = cifar10['test_batch.bin'];
  const changed = (file: string, content: string | Buffer) => ask({ ...cifar10, [file]: content });
  assert.match(
    await changed('data_batch_2.bin', one.subarray(1)),
    /data_batch_2\.bin: 3072 bytes are not a whole number of records of CIFAR-10 \(3073 bytes each\); copy it again$/,
  );
  assert.match(await changed('data_batch_1.bin', Buffer.alloc(0)), /data_batch_1\.bin: 0 bytes are not a whole number/);
  assert.match(
    await changed('data_batch_2.bin', batch([[2], 0], [[10], 0])),
    /data_batch_2\.bin: damaged: the label of record 1 is 10; CIFAR-10 has labels 0 to 9/,
  );
  assert.match(await changed('batches.meta.txt', 'a\nb\n'), /batches\.meta\.txt: 2 names; CIFAR-10 has 10/);
  const single = join(await folderOf({ 'x.bin': Buffer.alloc(100) }), 'x.bin');
  assert.match(
    await problem(open(single)),
    /100 bytes are not a whole number .* CIFAR-10 .* or CIFAR-100 \(3074 bytes each\)/,
  );
  const cut = gzipSync(one).subarray(0, -4);
  assert.match(await ask({ 'batches.meta.txt': cifar10['batches.meta.txt'], 'data_batch_1.bin.gz': cut }), /cut short/);
});
