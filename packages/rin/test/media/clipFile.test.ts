import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Clip, clipOf, framesOf } from '../../src/media/clip.js';
import { type ClipFormat, encodeClip, writeClip } from '../../src/media/clipFile.js';
import { clipGrid } from '../../src/media/clipGrid.js';
import { grid } from '../../src/media/grid.js';
import sharp from '../../src/media/sharp.js';
import { open, problem, sample, work } from '../data/fixtures.js';
import { clipFromAnimation, clipFromMp4, hasFfmpeg, largestGap, meanGap } from './decodedClip.js';

/** A coloured wave that moves: every value of a channel occurs, and no two frames are equal. */
function wave(shape: readonly number[]): Clip {
  const [channels, frames, height, width] = shape;
  const data = new Uint8Array(channels * frames * height * width);
  let at = 0;
  for (let c = 0; c < channels; c++)
    for (let f = 0; f < frames; f++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          data[at++] = Math.round(127.5 + 127 * Math.sin(0.2 * x * (c + 1) + 0.5 * f) * Math.cos(0.15 * y + c));
  return { data, shape };
}

/** A clip of a few plain colours, which move. */
const blocks = (): Clip =>
  clipOf(
    Array.from({ length: 5 }, (_, f) => ({
      data: Uint8Array.from({ length: 3 * 12 * 10 }, (_, i) => 40 * ((Math.floor(i / 10) + i + f) % 7)),
      shape: [3, 12, 10],
    })),
  );

const path = (name: string) => join(work, name);

test('a lossless WebP keeps every value of every frame, in colour and in grey', async () => {
  for (const shape of [
    [3, 6, 9, 14],
    [1, 4, 8, 8],
    [3, 1, 5, 7],
  ]) {
    const clip = wave(shape);
    await writeClip(path('new/a.webp'), clip);
    assert.deepEqual(await clipFromAnimation(path('new/a.webp'), shape[0]), clip);
  }
});

test('a strip shows the frames side by side and keeps every value', async () => {
  const clip = wave([3, 5, 6, 4]);
  await writeClip(path('a.png'), clip);
  const { data, info } = await sharp(path('a.png')).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.channels], [5 * 4, 6, 3]);
  const frames = framesOf(clip);
  for (const [f, frame] of frames.entries())
    for (let i = 0; i < 24; i++)
      for (let c = 0; c < 3; c++) {
        const [x, y] = [f * 4 + (i % 4), Math.floor(i / 4)];
        assert.equal(data[3 * (y * info.width + x) + c], frame.data[24 * c + i]);
      }
});

test('a GIF keeps frames of up to 256 colours exactly, and others within the error of a palette', async () => {
  for (const clip of [blocks(), wave([1, 4, 16, 16])]) {
    await writeClip(path('a.gif'), clip);
    assert.deepEqual(await clipFromAnimation(path('a.gif'), clip.shape[0]), clip);
  }
  const clip = wave([3, 4, 32, 32]); // 1,024 colours in a frame
  await writeClip(path('b.gif'), clip);
  const read = await clipFromAnimation(path('b.gif'), 3);
  assert.deepEqual(read.shape, clip.shape);
  // 256 colours of 1,024 evenly spread in a cube are 256/6.3 apart along each axis, so about 40 at most and 10 on average.
  assert.ok(largestGap(read, clip) <= 40, `${largestGap(read, clip)}`);
  assert.ok(meanGap(read, clip) < 10, `${meanGap(read, clip)}`);
});

test('an mp4 plays in browsers: H.264, yuv420p, even sizes, the index first', {
  skip: !hasFfmpeg && 'no ffmpeg',
}, async () => {
  for (const [shape, size] of [
    [
      [3, 7, 11, 13],
      [26, 22],
    ], // each pixel becomes 2×2
    [
      [1, 3, 8, 8],
      [16, 16],
    ],
    [
      [1, 2, 5, 601],
      [602, 6],
    ], // the last row and column twice
  ] as const) {
    const clip = wave(shape);
    await writeClip(path('a.mp4'), clip, { frameRate: 12.5 });
    const fields = 'codec_name,pix_fmt,width,height,r_frame_rate,nb_read_frames,color_space,color_range,duration';
    const probe = ['-v', 'error', '-count_frames', '-show_entries', `stream=${fields}`, '-of', 'json', path('a.mp4')];
    const [stream] = JSON.parse(execFileSync('ffprobe', probe, { encoding: 'utf8' })).streams;
    assert.deepEqual(
      [stream.codec_name, stream.pix_fmt, stream.width, stream.height, stream.r_frame_rate, stream.nb_read_frames],
      ['h264', 'yuv420p', ...size, '25/2', String(shape[1])],
    );
    assert.deepEqual([stream.color_space, stream.color_range], ['bt709', 'tv']);
    assert.ok(Math.abs(stream.duration - shape[1] / 12.5) < 1e-3);
    const bytes = readFileSync(path('a.mp4'));
    assert.ok(bytes.indexOf('moov') < bytes.indexOf('mdat'));
    const read = clipFromMp4(path('a.mp4'), size, shape);
    // Quantisation at CRF 12, and 8 bits in a smaller range; measured: 0.8 to 1.5 on average, 13 at most.
    assert.ok(meanGap(read, clip) < 3 && largestGap(read, clip) <= 24, `${shape}: ${meanGap(read, clip)}`);
  }
});

test('neighbouring colours are not mixed in an mp4 of a small clip', { skip: !hasFfmpeg && 'no ffmpeg' }, async () => {
  const clip = blocks();
  await writeClip(path('c.mp4'), clip);
  const read = clipFromMp4(path('c.mp4'), [20, 24], clip.shape);
  assert.ok(
    largestGap(read, clip) <= 40 && meanGap(read, clip) < 4,
    `${largestGap(read, clip)} ${meanGap(read, clip)}`,
  );
});

test('frames last as long as the frame rate says, without a drift', async () => {
  const clip = wave([1, 30, 8, 8]);
  for (const [format, frameRate, seconds, unit] of [
    ['webp', undefined, 3, 1],
    ['webp', 24, 1.25, 1],
    ['gif', 24, 1.25, 10],
    ['gif', 7, 30 / 7, 10],
  ] as const) {
    const { delay = [], loop } = await sharp(await encodeClip(clip, { format, frameRate }), {
      animated: true,
    }).metadata();
    const sum = delay.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1000 * seconds) <= unit / 2, `${format} at ${frameRate}: ${sum} ms`);
    assert.ok(Math.max(...delay) - Math.min(...delay) <= unit);
    assert.equal(loop, 0);
  }
});

test('equal frames in succession are stored each, in a WebP and in a GIF', async () => {
  const [a, b] = framesOf(wave([3, 2, 9, 7]));
  const grey = framesOf(wave([1, 2, 8, 8]));
  for (const frames of [
    [a, a, a, b],
    [a, b, b, b],
    [a, a, a, a],
    [a, b, a, a, b, b],
    [grey[0], grey[0], grey[1], grey[1]],
    [grey[1], grey[1]],
  ]) {
    const clip = clipOf(frames);
    for (const [format, name] of [
      ['webp', 'still.webp'],
      ['gif', 'still.gif'],
    ] as const) {
      await writeClip(path(name), clip, { frameRate: 8 });
      const { pages, delay = [], loop } = await sharp(path(name), { animated: true }).metadata();
      assert.deepEqual([pages, loop], [frames.length, 0], `${name} of ${frames.length}`);
      assert.ok(delay.every((time) => Math.abs(time - 125) <= (format === 'gif' ? 5 : 0)));
      // These few colours are exact in a GIF too.
      if (format === 'webp' || clip.shape[0] === 1)
        assert.deepEqual(await clipFromAnimation(path(name), clip.shape[0]), clip);
    }
  }
});

test('a clip that is written and read again as data is the same, at any frame rate and with equal neighbours', async () => {
  const frames = framesOf(wave([3, 30, 8, 8]));
  for (const frameRate of [7, 10, 24, 30, 50]) {
    const clip = clipOf(frames.map((_, i) => frames[Math.floor(i / 3) * 2])); // each three times
    for (const format of ['webp', 'gif'] as const) {
      const folder = path(`read-${frameRate}-${format}`);
      await writeClip(join(folder, `clip.${format}`), clip, { frameRate });
      for (const data of [{}, { frameRate }]) {
        const read = await open(folder, { size: [30, 8, 8], data });
        assert.equal(read.length, 1);
        assert.deepEqual(read.skipped, []);
        const decoded = { data: sample(read, 0), shape: clip.shape };
        assert.ok(largestGap(decoded, clip) <= (format === 'gif' ? 2 : 0), `${format} at ${frameRate}`);
      }
    }
  }
});

test('a grid of clips is one clip, whose frames are the grids of their frames', () => {
  const clips = [wave([3, 3, 4, 6]), blocksOf(3, 4, 6), wave([3, 3, 4, 6])];
  const options = { columns: 2, labels: ['a', 'b'], scale: 2 };
  const frames = framesOf(clipGrid(clips, options));
  assert.equal(frames.length, 3);
  for (const [f, frame] of frames.entries()) {
    const { data, shape } = grid(
      clips.map((clip) => framesOf(clip)[f]),
      options,
    );
    assert.deepEqual(frame, { data, shape });
  }
  assert.throws(() => clipGrid([], options), /there are no clips/);
  assert.throws(() => clipGrid([clips[0], wave([3, 2, 4, 6])], options), /clips of \[3, 3, 4, 6\] and \[3, 2, 4, 6\]/);
});

const blocksOf = (frames: number, height: number, width: number): Clip => ({
  data: Uint8Array.from({ length: 3 * frames * height * width }, (_, i) => (i * 37) % 256),
  shape: [3, frames, height, width],
});

test('what cannot be written is refused in a sentence, and the file that was there stays', async () => {
  const clip = wave([1, 2, 4, 4]);
  writeFileSync(path('old.webp'), 'good');
  for (const [write, message] of [
    [
      writeClip(path('a.avi'), clip),
      `${path('a.avi')}: a clip is written as WebP, GIF, mp4 or a strip in PNG; use a name such as clip.webp`,
    ],
    [
      writeClip(path('old.webp'), clip, { frameRate: 0 }),
      'frame rate 0: expected 0.1 to 60 frames per second for a clip',
    ],
    [
      writeClip(path('a.gif'), clip, { frameRate: 60 }),
      'frame rate 60: expected 0.1 to 50 frames per second for a GIF',
    ],
    [
      writeClip(path('old.webp'), { data: clip.data, shape: [2, 4, 4] }),
      'a clip of [2, 4, 4] with 32 values: expected [1 or 3, frames, height, width]',
    ],
    [
      writeClip(path('old.webp'), wave([1, 1, 1, 16_384])),
      'a picture of 16384×1 pixels: expected at most 16383×16383 in a WebP',
    ],
  ] as const)
    assert.equal(await problem(write), message);
  for (const format of ['webp', 'mp4'] satisfies ClipFormat[])
    assert.match(await problem(encodeClip(clip, { format, frameRate: Number.NaN })), /^frame rate NaN/);
  assert.equal(readFileSync(path('old.webp'), 'utf8'), 'good');
  assert.ok(!existsSync(path('a.avi')));
  await writeClip(path('without an ending'), clip);
  assert.equal((await sharp(path('without an ending')).metadata()).format, 'webp');
});

test('without ffmpeg, an mp4 is refused with the command that installs it', async () => {
  const before = process.env.PATH;
  process.env.PATH = work;
  try {
    assert.equal(
      await problem(writeClip(path('no.mp4'), wave([1, 2, 4, 4]))),
      'an mp4 file needs ffmpeg, which is not installed; install it: sudo apt-get install ffmpeg',
    );
  } finally {
    process.env.PATH = before;
  }
  assert.ok(!existsSync(path('no.mp4')));
});

test('an ffmpeg that fails is quoted, and leaves nothing', async () => {
  const bin = path('bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ffmpeg'), "#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 1\n", { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${bin}:${before}`;
  try {
    assert.equal(
      await problem(writeClip(path('no.mp4'), wave([1, 2, 4, 4]))),
      'an mp4 file was not made: ffmpeg says: Unknown encoder libx264',
    );
  } finally {
    process.env.PATH = before;
  }
  assert.ok(!existsSync(path('no.mp4')));
});

test('a clip that cannot be written whole leaves the one that was there, and nothing beside it', () => {
  const folder = path('limited');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.webp'), 'good');
  const module = new URL('../../src/media/clipFile.js', import.meta.url);
  const program = `const { writeClip } = await import('${module}');
    const data = Uint8Array.from({ length: 4 * 64 * 64 }, (_, i) => (i * i * 7919) % 251);
    await writeClip('a.webp', { data, shape: [1, 4, 64, 64] }).catch((error) => console.log(error.message));`;
  // The system refuses files over 1 KiB to this child, in the middle of the write.
  const { stdout } = spawnSync(
    'bash',
    ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$@"', 'rin', process.execPath, '--input-type=module', '-e', program],
    { cwd: folder, encoding: 'utf8' },
  );
  assert.equal(stdout, `cannot write ${join(folder, 'a.webp')}: the file would be larger than this system allows\n`);
  assert.equal(readFileSync(join(folder, 'a.webp'), 'utf8'), 'good');
  assert.deepEqual(readdirSync(folder), ['a.webp']);
});
