import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c, RinError } from '@rin/core';
import { RunDirectory } from '../../../src/runs/runDirectory.js';
import { EventFile } from '../../../src/training/tensorboard/eventFile.js';
import { maskedCrc32c } from '../../../src/training/tensorboard/events.js';
import { failingDisk } from '../failingDisk.js';
import { freshFolder } from '../tiny.js';
import { boardRun } from './boardRun.js';
import { assertLines, assertPictures, eventFiles, readEvents } from './readEvents.js';

test('CRC-32C has the values of RFC 3720, and the mask is that of TFRecord files', () => {
  const cases: readonly [Uint8Array, number][] = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [Buffer.from('123456789'), 0xe3069283],
    [new Uint8Array(), 0],
  ];
  for (const [bytes, expected] of cases) assert.equal(crc32c(bytes), expected);
  // ((crc >>> 15 | crc << 17) + 0xa282ead8) mod 2^32, by hand
  assert.equal(maskedCrc32c(new Uint8Array()), 0xa282ead8);
  assert.equal(maskedCrc32c(new Uint8Array(32)), 0x0fd7fffa);
});

test('with training.tensorboard the folder has an event file with every line of statistics and every preview', async () => {
  const run = await boardRun(freshFolder());
  assert.equal(eventFiles(run).length, 1);
  const events = readEvents(eventFiles(run)[0]);
  assert.ok(events[0].isFirst && events[1].isStart);
  assertLines(run);
  assertPictures(run, [48, 96]);
  const { png, ...size } = events.find(({ pictures }) => pictures.reals)?.pictures.reals ?? assert.fail();
  assert.deepEqual(size, { height: png.readUInt32BE(20), width: png.readUInt32BE(16), channels: 1 });
});

test('without it there is none', async () => {
  assert.deepEqual(eventFiles(await boardRun(freshFolder(), { tensorboard: false, images: 24 })), []);
});

test('an interrupted run goes on in another file, and no point is there twice', async () => {
  for (const at of [40, 48]) {
    const runsFolder = freshFolder();
    const run = await boardRun(runsFolder, { at });
    assert.equal(await boardRun(runsFolder), run);
    assert.equal(eventFiles(run).length, 2);
    assertLines(run);
    assertPictures(run, [48, 96]);
  }
});

test('a file that ends with half an event is read up to there', async () => {
  const [path] = eventFiles(await boardRun(freshFolder(), { images: 24 }));
  const whole = readEvents(path).length;
  truncateSync(path, readFileSync(path).length - 3);
  assert.equal(readEvents(path).length, whole - 1);
});

test('a run that turns it on later gets its earlier lines too', async () => {
  const runsFolder = freshFolder();
  const run = await boardRun(runsFolder, { at: 40, tensorboard: false });
  assert.equal(await boardRun(runsFolder), run, 'the key does not make another run');
  assertLines(run);
});

test('figures of evaluations are scalars of their names, those of earlier lines too', async () => {
  const folder = freshFolder();
  const line = (images: number, value: number) => ({
    images,
    figures: { 'KID-EffNetLite0': value, recall: 2 * value },
  });
  const lines = [{ images: 8, loss: 1 }, line(8, 0.5), { images: 16, loss: 0.5 }];
  writeFileSync(join(folder, 'stats.jsonl'), lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const file = await EventFile.start(new RunDirectory(folder), 16);
  const later = line(24, 0.25);
  file.figures(later.images, later.figures);
  const found = readEvents(file.path).flatMap(({ step, scalars }) =>
    Object.entries(scalars).flatMap(([tag, value]) => (tag.startsWith('figures/') ? [[tag, step, value]] : [])),
  );
  assert.deepEqual(found, [
    ['figures/KID-EffNetLite0', 8, 0.5],
    ['figures/recall', 8, 1],
    ['figures/KID-EffNetLite0', 24, 0.25],
    ['figures/recall', 24, 0.5],
  ]);
});

test('a full disk ends the run with a sentence that names the file', async () => {
  const runsFolder = freshFolder();
  let events = 0;
  const mend = await failingDisk(runsFolder, (call) =>
    call.includes('tfevents') && ++events === 4 ? 'ENOSPC' : undefined,
  );
  try {
    await assert.rejects(boardRun(runsFolder), (error) => {
      assert.ok(error instanceof RinError);
      assert.match(error.message, /^cannot write .*events\.out\.tfevents\.\d+\.rin: the disk is full[^\n]*$/);
      return true;
    });
  } finally {
    mend();
  }
});
