import assert from 'node:assert/strict';
import { createWriteStream, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { createGzip, gzipSync } from 'node:zlib';
import { RinError } from '@rin/core';
import { readSafetensors, TorchError, tensor, writeSafetensors } from '@rin/torch';
import { convertData } from '../../src/data/convert.js';
import { sha256 } from '../../src/data/storeIndex.js';
import { surveyData } from '../../src/data/survey.js';
import { type Colour, cifarRecord, folderOf, idx, open, problem, random, sample, tar, work } from './fixtures.js';

/*
 * Files with some of their bytes changed, cut off, put in or taken out are read as something or refused in a sentence. That
 * nothing crashes is told by this process living on, that nothing hangs by the time limit, and that nothing is allocated
 * without bound by the most memory that the process ever had.
 */

/** What damage does to a file. `front`: bytes at the start that are hit as often as all others together. */
function damaged(whole: Buffer, front: number, draw: () => number): Buffer {
  const below = (limit: number) => Math.floor(draw() * limit);
  const somewhere = () => below(draw() < 0.5 ? Math.min(front, whole.length) : whole.length);
  const bytes = Buffer.from(whole);
  switch (below(5)) {
    case 0:
      return bytes.subarray(0, somewhere());
    case 1: {
      const at = somewhere();
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + below(9), below(256)), bytes.subarray(at)]);
    }
    case 2: {
      const at = somewhere();
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(9))]);
    }
    case 3: {
      const extremes = [0xffffffff, 0x7fffffff, 0x80000000, 0, 1, 0x00010000];
      const at = Math.min(somewhere() & ~3, bytes.length - 4);
      if (draw() < 0.5) bytes.writeUInt32BE(extremes[below(extremes.length)], at);
      else bytes.writeUInt32LE(extremes[below(extremes.length)], at);
      return bytes;
    }
    default:
      for (let n = 1 + below(4); n > 0; n--) bytes[somewhere()] = below(256);
      return bytes;
  }
}

/** In bytes: what the process has at its start, 256 MiB of an unpacked file twice, and as much for decoders and garbage. */
const mostMemory = process.memoryUsage.rss() + 2 ** 30;

/**
 * Damages one file of a source, many times over.
 * @param attempt opens the source; what it throws must be of the kind `refusal`
 * @returns how many were read and how many refused
 */
async function survives(
  path: string,
  attempt: (round: number) => Promise<unknown>,
  {
    rounds = 1000,
    front = 64,
    mend = (bytes) => bytes,
    refusal = RinError,
  }: {
    rounds?: number;
    front?: number;
    mend?: (bytes: Buffer) => Buffer;
    refusal?: abstract new (...args: never) => Error;
  } = {},
) {
  const whole = readFileSync(path);
  const draw = random(rounds + whole.length);
  const outcome = { read: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    writeFileSync(path, mend(damaged(whole, front, draw)));
    try {
      await attempt(round);
      outcome.read++;
    } catch (error) {
      assert.ok(error instanceof refusal, `${path}, round ${round}: ${error}`);
      assert.doesNotMatch(error.message, /\n/);
      outcome.refused++;
    }
  }
  writeFileSync(path, whole);
  assert.ok(process.resourceUsage().maxRSS * 1024 < mostMemory, `${process.resourceUsage().maxRSS} kB`);
  return outcome;
}

/** Looks at everything in a source without decoding; now and then decodes it. */
const look = (source: string) => async (round: number) => {
  await surveyData(source);
  if (round % 50 > 0) return;
  const data = await open(source, { onNotice: () => {} });
  for (let index = 0; index < data.length; index++) sample(data, index);
  data.close();
};

const limits = { timeout: 120_000 };
const images = idx(
  [40, 6, 5],
  Array.from({ length: 40 * 30 }, (_, i) => i % 251),
);
const labels = idx(
  [40],
  Array.from({ length: 40 }, (_, i) => i % 10),
);
const names = Array.from({ length: 10 }, (_, i) => `class ${i}`).join('\n');
const batch = Buffer.concat(Array.from({ length: 4 }, (_, n) => cifarRecord([n], n)));
const repacked = (bytes: Buffer) => gzipSync(bytes, { level: 1 });

test('IDX files, plain, packed, and damaged before they were packed', limits, async () => {
  const plain = await folderOf({ 'a-images-idx3-ubyte': images, 'a-labels-idx1-ubyte': labels });
  for (const [name, front] of [
    ['a-images-idx3-ubyte', 16],
    ['a-labels-idx1-ubyte', 8],
  ] as const) {
    const { read, refused } = await survives(join(plain, name), look(plain), { front });
    assert.ok(read > 50 && refused > 500, `${name}: ${read} read, ${refused} refused`);
  }
  const packed = await folderOf({
    'a-images-idx3-ubyte.gz': gzipSync(images),
    'a-labels-idx1-ubyte.gz': gzipSync(labels),
  });
  const path = join(packed, 'a-images-idx3-ubyte.gz');
  const outside = await survives(path, look(packed), { front: 20 });
  assert.ok(outside.refused > 800, `${outside.refused} refused`);
  writeFileSync(path, images);
  const inside = await survives(path, look(packed), { front: 16, mend: repacked });
  assert.ok(inside.read > 50 && inside.refused > 500, `${inside.read} read, ${inside.refused} refused`);
});

test('batches of CIFAR and their names', limits, async () => {
  const folder = await folderOf({ 'batches.meta.txt': names, 'data_batch_1.bin': batch });
  const { read, refused } = await survives(join(folder, 'data_batch_1.bin'), look(folder), { front: 1 });
  assert.ok(read > 150 && refused > 500, `${read} read, ${refused} refused`);
  const text = await survives(join(folder, 'batches.meta.txt'), look(folder));
  assert.ok(text.read > 150 && text.refused > 50, JSON.stringify(text));
  const packed = await folderOf({ 'batches.meta.txt': names, 'data_batch_1.bin.gz': gzipSync(batch) });
  assert.ok((await survives(join(packed, 'data_batch_1.bin.gz'), look(packed))).refused > 700);
});

test('tar archives, of pictures and of batches, their checksums right or wrong', limits, async () => {
  const pictures = await folderOf({
    'cat/1.png': [1, 2, 3] as Colour,
    [`${'long'.repeat(40)}/x.png`]: [4, 5, 6] as Colour,
    'metadata.jsonl': `{"file_name": "cat/1.png", "label": 0}\n{"file_name": "${'long'.repeat(40)}/x.png", "label": 1}`,
  });
  for (const format of ['pax', 'gnu']) {
    const path = tar(pictures, `--format=${format}`, '.');
    const wrong = await survives(path, look(path), { front: 6000 });
    assert.ok(wrong.refused > 250, JSON.stringify(wrong));
    const right = await survives(path, look(path), { front: 6000, mend: withChecksums });
    assert.ok(right.read > 100 && right.refused > 100, JSON.stringify(right));
  }
  const batches = tar(await folderOf({ 'batches.meta.txt': names, 'data_batch_1.bin': batch }), '.');
  assert.ok((await survives(batches, look(batches), { front: 1100, mend: withChecksums })).refused > 100);
});

/** Makes the checksums right again, so that what the headers say is believed. */
function withChecksums(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(32, at + 148, at + 156);
    const sum = bytes.subarray(at, at + 512).reduce((a, b) => a + b, 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return bytes;
}

test('converted folders, their digests right or wrong', limits, async () => {
  const source = await folderOf({ 'a/1.png': [1, 2, 3] as Colour, 'b/2.png': [4, 5, 6] as Colour });
  const folder = join(work, 'converted');
  await convertData(source, folder, { resize: 'fit', background: '#ffffff' });
  for (const name of readdirSync(folder)) {
    const { refused } = await survives(join(folder, name), () => open(folder).then((data) => data.close()));
    assert.ok(refused > 900, `${name}: ${refused} refused`); // the others are what was there before
  }
  const believed = await survives(join(folder, 'index.json'), () => open(folder).then((data) => data.close()), {
    mend: withDigest,
    front: 400,
  });
  assert.ok(believed.read > 10 && believed.refused > 500, JSON.stringify(believed));
});

/** Makes the digest of index.json right again, where it is still JSON. */
function withDigest(bytes: Buffer): Buffer {
  try {
    const { sha256: _, ...index } = JSON.parse(bytes.toString());
    return Buffer.from(JSON.stringify({ ...index, sha256: sha256(JSON.stringify(index)) }));
  } catch {
    return bytes;
  }
}

test('caches are made anew, whatever became of them', limits, async () => {
  const source = await folderOf({ 'a/1.png': [7, 8, 9] as Colour, 'b/2.png': [4, 5, 6] as Colour });
  const first = await open(source);
  const folder = join(work, 'cache/rin/data', first.fingerprint);
  const expected = [sample(first, 0), sample(first, 1), first.label(1)];
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const again = async () => {
      const data = await open(source, { onNotice: () => {} });
      assert.deepEqual([sample(data, 0), sample(data, 1), data.label(1)], expected);
    };
    assert.equal((await survives(path, again, { rounds: 100 })).refused, 0);
  }
});

test('safetensors', limits, async () => {
  const path = join(work, 'a.safetensors');
  await writeSafetensors(
    path,
    {
      weight: tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      bias: tensor([7, 8, 9]),
    },
    { config: '{"a": 1}' },
  );
  const read = () =>
    readSafetensors(path).then(({ tensors }) => {
      for (const each of Object.values(tensors)) each.dispose();
    });
  const outcome = await survives(path, read, { front: 200, rounds: 3000, refusal: TorchError });
  assert.ok(outcome.read > 50 && outcome.refused > 1500, JSON.stringify(outcome));
});

test('a few kilobytes that unfold to much are refused', limits, async () => {
  const zeros = (async function* () {
    yield idx([40, 6, 5], []);
    for (let i = 0; i < 512; i++) yield Buffer.alloc(2 ** 20);
  })();
  const folder = await folderOf({ 'batches.meta.txt': names });
  const [images, batch] = [join(folder, 'a-images-idx3-ubyte.gz'), join(folder, 'data_batch_1.bin.gz')];
  await pipeline(zeros, createGzip({ level: 1 }), createWriteStream(images));
  assert.match(await problem(open(images)), /is longer than 1216 bytes, the length in its header/);
  writeFileSync(batch, readFileSync(images));
  assert.match(await problem(open(batch)), /bytes unpacked; unpack it \(gzip -d\)/);
  assert.ok(process.resourceUsage().maxRSS * 1024 < mostMemory, `${process.resourceUsage().maxRSS} kB`);
  rmSync(images);
});
