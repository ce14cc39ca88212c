import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFilm } from '../../../src/data/decoding/clips/openFilm.js';
import { pictures } from '../../../src/data/decoding/clips/ppm.js';
import type { Recording } from '../../../src/data/sources/recording.js';
import { output, VideoError } from '../../../src/media/ffmpeg.js';
import { filmed, folderOf, hasFfmpeg, open, rampAnimation, random, work } from '../fixtures.js';

/** Number of frames that are read; a text if the file is refused. Anything but an Error with a reason fails. */
async function outcome(kind: Recording['kind'], bytes: Uint8Array): Promise<number | string> {
  const path = join(work, 'damaged');
  writeFileSync(path, bytes);
  let frames = 0;
  try {
    const film = await openFilm({ kind, parts: [{ path, offset: 0 }] }, '#ffffff');
    for await (const { pixels, width, height } of film.play()) {
      assert.equal(pixels.length, 3 * width * height);
      frames++;
    }
    return frames;
  } catch (error) {
    assert.ok(error instanceof Error && !(error instanceof TypeError || error instanceof RangeError), String(error));
    assert.notEqual(error.message.trim(), '');
    return error.message;
  }
}

async function damage(kind: Recording['kind'], whole: Uint8Array, frames: number, times: number) {
  assert.equal(await outcome(kind, whole), frames);
  for (const share of [0, 0.02, 0.3, 0.6, 0.95]) {
    const found = await outcome(kind, whole.subarray(0, Math.floor(share * whole.length)));
    assert.equal(typeof found, 'string', `cut at ${share}: ${found}`);
  }
  const draw = random(3);
  for (let i = 0; i < times; i++) {
    const changed = Uint8Array.from(whole);
    for (let k = 0; k < 3; k++) changed[Math.floor(draw() * changed.length)] = Math.floor(256 * draw());
    await outcome(kind, changed);
  }
}

test('a GIF, WebP or PNG that is cut short or changed is read or refused', async () => {
  await damage('animation', await rampAnimation('gif', 6, { width: 20, height: 20 }), 6, 100);
  await damage('animation', await rampAnimation('webp', 6, { width: 20, height: 20 }), 6, 100);
  if (!hasFfmpeg) return;
  await damage('animation', filmed('png', ...pattern(6), '-f', 'apng'), 6, 100);
});

const pattern = (frames: number) => ['-f', 'lavfi', '-i', `testsrc=size=64x48:rate=10:duration=${frames / 10}`];

test('a video that is cut short or changed is read or refused', { skip: !hasFfmpeg }, async () => {
  const yuv = ['-pix_fmt', 'yuv420p'];
  await damage('video', filmed('mp4', ...pattern(20), ...yuv, '-movflags', '+faststart'), 20, 6);
  await damage('video', filmed('webm', ...pattern(20), ...yuv, '-c:v', 'libvpx'), 20, 6);
});

test('clips before the damage are used, and the damage is named', { skip: !hasFfmpeg }, async () => {
  const avi = filmed('avi', ...pattern(40), '-c:v', 'mpeg4', '-g', '1');
  const source = await folderOf({
    'cut.avi': avi.subarray(0, Math.floor(0.6 * avi.length)),
    'whole.avi': avi,
    'noise.mp4': Uint8Array.from({ length: 4000 }, (_, i) => (i * i * 31) & 255),
    'empty.webm': '',
  });
  const data = await open(source, { size: [8, 12, 16] });
  assert.deepEqual(
    data.skipped.map(({ name }) => name),
    ['cut.avi', 'empty.webm', 'noise.mp4'],
  );
  const used = data.length - 5;
  assert.ok(used >= 1 && used < 4, `${used} clips of the cut file`);
  assert.match(data.skipped[0].reason, new RegExp(`; the ${used} clips? before that are used$`));
});

test('a playlist called like a video reads no other file', { skip: !hasFfmpeg }, async () => {
  const film = join(work, 'other.mp4');
  writeFileSync(film, filmed('mp4', ...pattern(10), '-pix_fmt', 'yuv420p'));
  for (const text of [`#EXTM3U\n#EXTINF:1,\nfile://${film}\n`, `ffconcat version 1.0\nfile '${film}'\n`])
    assert.equal(typeof (await outcome('video', Buffer.from(text))), 'string');
});

test('a program that does nothing is stopped', { skip: !hasFfmpeg }, async () => {
  const pause = ['-v', 'error', '-f', 'lavfi', '-re', '-i', 'testsrc=size=16x16:rate=0.01', '-f', 'image2pipe', '-'];
  const began = performance.now();
  const pieces: Buffer[] = [];
  await assert.rejects(
    async () => {
      for await (const piece of output('ffmpeg', pause, 1)) pieces.push(piece);
    },
    (error) => error instanceof VideoError && /^ffmpeg did nothing for 1 s$/.test(error.message),
  );
  assert.ok(performance.now() - began < 30_000);
});

test('pictures of a stream that is cut anywhere', async () => {
  const one = (width: number, height: number, first: number) =>
    Buffer.concat([
      Buffer.from(`P6\n${width} ${height}\n255\n`),
      Buffer.from(Uint8Array.from({ length: 3 * width * height }, (_, i) => first + i)),
    ]);
  const stream = Buffer.concat([one(1, 1, 7), one(2, 3, 50), one(1, 1, 10)]);
  for (let size = 1; size <= stream.length; size++) {
    async function* pieces() {
      for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size);
    }
    const found: unknown[] = [];
    for await (const { width, height, pixels } of pictures(pieces()))
      found.push([width, height, pixels[0], pixels.length]);
    assert.deepEqual(found, [
      [1, 1, 7, 3],
      [2, 3, 50, 18],
      [1, 1, 10, 3],
    ]);
  }
});
