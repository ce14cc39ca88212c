import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { convertData } from '../../src/data/convert.js';
import type { Dataset } from '../../src/data/dataset.js';
import { Loader } from '../../src/data/loader.js';
import {
  filmed,
  folderOf,
  hasFfmpeg,
  open,
  problem,
  ramp,
  rampAnimation,
  sample,
  solid,
  tar,
  work,
} from './fixtures.js';

const size = [4, 4, 4]; // F, H, W
const skip = hasFfmpeg ? false : 'ffmpeg is not installed';

/** Red of the first pixel of every frame, divided by 10: the number of the frame in the ramp. */
const framesIn = (data: Dataset, index: number): number[] => {
  const [, frames, height, width] = data.shape;
  return Array.from({ length: frames }, (_, frame) => sample(data, index)[frame * height * width] / 10);
};
const all = (data: Dataset): number[][] => Array.from({ length: data.length }, (_, index) => framesIn(data, index));

/** The ramp as a video without loss. */
const rampVideo = (frames: number, end: string, ...codec: string[]) => {
  const raw = join(work, `ramp-${frames}-${end}.rgb`);
  writeFileSync(raw, ramp(frames, 16, 16));
  return filmed(end, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', '16x16', '-r', '10', '-i', raw, ...codec);
};
const exact = ['-c:v', 'libx264rgb', '-qp', '0'];

test('animations become clips that do not overlap, planar, with the classes of their folders', async () => {
  const gif = await rampAnimation('gif', 9);
  const source = await folderOf({
    'b/x.gif': gif,
    'a/y.webp': await rampAnimation('webp', 5),
    'a/note.txt': 'not used',
  });
  const notices: string[] = [];
  for (const place of [source, tar(source, 'a', 'b')]) {
    const data = await open(place, { size, onNotice: (text) => notices.push(text) });
    assert.deepEqual([data.shape, data.classes, data.length], [[3, 4, 4, 4], ['a', 'b'], 3]);
    assert.deepEqual(
      [0, 1, 2].map((index) => data.label(index)),
      [0, 1, 1],
    );
    assert.deepEqual(all(data), [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    const [plane, green] = [16, 4 * 16];
    assert.equal(sample(data, 2)[green + 2 * plane], 255 - 10 * 6, 'the green of the third frame');
    assert.deepEqual(data.skipped, []);
  }
  assert.match(notices.join('\n'), /1 file ignored: 1 \.txt/);
});

test('the stride sets where clips start: overlapping, or with a gap', async () => {
  const source = await folderOf({ 'x.gif': await rampAnimation('gif', 10, { loop: 1 }) });
  assert.deepEqual(all(await open(source, { size, data: { stride: 3 } })), [
    [0, 1, 2, 3],
    [3, 4, 5, 6],
    [6, 7, 8, 9],
  ]);
  assert.deepEqual(all(await open(source, { size, data: { stride: 6 } })), [
    [0, 1, 2, 3],
    [6, 7, 8, 9],
  ]);
});

test('the frame rate takes frames at equal times; frames that are shown longer come more often', async () => {
  const source = await folderOf({ 'x.gif': await rampAnimation('gif', 10) });
  assert.deepEqual(all(await open(source, { size, data: { frameRate: 5 } })), [[0, 2, 4, 6]]);
  assert.deepEqual(all(await open(source, { size, data: { frameRate: 20 } }))[1], [2, 2, 3, 3]);
  const uneven = await folderOf({ 'x.gif': await rampAnimation('gif', 4, { delay: [100, 300, 100, 300] }) });
  assert.deepEqual(all(await open(uneven, { size })), [
    [0, 1, 1, 1],
    [2, 3, 3, 3],
  ]);
});

test('a loop that is shorter than a clip is repeated; other short recordings are skipped and named', async () => {
  const source = await folderOf({
    'ends.gif': await rampAnimation('gif', 3, { loop: 1 }),
    'loop.gif': await rampAnimation('gif', 3),
  });
  const data = await open(source, { size });
  assert.deepEqual(all(data), [[0, 1, 2, 0]]);
  assert.deepEqual(data.skipped, [{ name: 'ends.gif', reason: '3 frames; a sample needs 4' }]);
});

test('a folder of still pictures is a clip of its class, in natural order; a still among animations is no clip', async () => {
  const frames = (name: string, count: number) =>
    Promise.all(Array.from({ length: count }, async (_, i) => [`${name}/${i}.png`, await solid([10 * i, 0, 0])]));
  const source = await folderOf({
    ...Object.fromEntries([...(await frames('walk/one', 12)), ...(await frames('run/two', 4))]),
    'run/moving/a.gif': await rampAnimation('gif', 4),
    'run/moving/b.png': await solid([0, 0, 0]),
  });
  const data = await open(source, { size });
  assert.deepEqual(data.classes, ['run', 'walk']);
  assert.deepEqual(
    all(data).map((each) => each.join()),
    ['0,1,2,3', '0,1,2,3', '0,1,2,3', '4,5,6,7', '8,9,10,11'],
  );
  assert.deepEqual(
    Array.from({ length: 5 }, (_, index) => data.label(index)),
    [0, 0, 1, 1, 1],
  );
  assert.deepEqual(
    data.skipped.map(({ name }) => name),
    ['run/moving/b.png'],
  );
});

test('the cache is used again, and depends on frame rate and stride', async () => {
  const source = await folderOf({ 'x.gif': await rampAnimation('gif', 8) });
  const stages: string[] = [];
  const watched = { size, onProgress: ({ stage }: { stage: string }) => stages.push(stage) };
  const first = await open(source, watched);
  assert.ok(stages.includes('decoding'));
  stages.length = 0;
  assert.equal((await open(source, watched)).fingerprint, first.fingerprint);
  assert.ok(!stages.includes('decoding') && !stages.includes('reading'), 'nothing is read again');
  const others = [{ frameRate: 5 }, { stride: 2 }, { background: '#000000' }];
  const fingerprints = await Promise.all(others.map(async (data) => (await open(source, { size, data })).fingerprint));
  assert.equal(new Set([first.fingerprint, ...fingerprints]).size, 4);
  assert.equal(
    (await open(source, { size, data: { stride: 4 } })).fingerprint,
    first.fingerprint,
    'the default stride',
  );
});

test('a converted tar or folder gives the same clips', async () => {
  const source = await folderOf({ 'b/x.gif': await rampAnimation('gif', 9), 'a/y.gif': await rampAnimation('gif', 4) });
  const original = await open(source, { size });
  for (const target of [join(work, 'clips.tar'), join(work, 'clips')]) {
    const done = await convertData(source, target, { size, resize: 'center-crop', background: '#ffffff' });
    assert.deepEqual([done.pictures, done.shape], [3, [3, 4, 4, 4]]);
    const copy = await open(target, { size });
    assert.deepEqual([all(copy), copy.classes], [all(original), original.classes]);
  }
  const shorter = await open(join(work, 'clips'), { size: [2, 4, 4], channels: 1 });
  assert.deepEqual([shorter.shape, shorter.length, shorter.classes], [[1, 2, 4, 4], 6, ['a', 'b']]);
  assert.match(await problem(open(join(work, 'clips'), { size: 4 })), /which are no pictures; give --size 4,4,4$/);
});

test('mirroring turns all frames of a clip together', async () => {
  const pixels = Uint8Array.from({ length: 3 * 2 * 2 * 2 }, (_, i) => i); // [3, 2, 2, 2]
  const { datasetFromSamples } = await import('../../src/data/samples.js');
  const data = await datasetFromSamples([{ pixels }], [3, 2, 2, 2]);
  const seen = new Set<string>();
  const loader = new Loader(data, { seed: 1, batch: 1, flip: true });
  for (let position = 0; position < 32; position++) seen.add(String((await loader.next(position)).pixels));
  const mirrored = pixels.map((_, i) => (i % 2 === 0 ? i + 1 : i - 1));
  assert.deepEqual([...seen].sort(), [String(pixels), String(mirrored)].sort());
});

test('videos in every container, from a folder and from a tar, have the frames that went into them', {
  skip,
}, async () => {
  const files = {
    'a.mp4': rampVideo(8, 'mp4', ...exact),
    'b.mkv': rampVideo(8, 'mkv', ...exact),
    'c.mov': rampVideo(8, 'mov', ...exact),
  };
  const source = await folderOf(files);
  for (const place of [source, tar(source, 'a.mp4', 'b.mkv', 'c.mov')]) {
    const data = await open(place, { size: [8, 16, 16] });
    assert.deepEqual(data.skipped, []);
    assert.deepEqual(all(data), new Array(3).fill([0, 1, 2, 3, 4, 5, 6, 7]));
  }
  const lossy = await open(
    await folderOf({
      'd.webm': rampVideo(8, 'webm', '-b:v', '1M'),
      'e.avi': rampVideo(8, 'avi', '-c:v', 'mpeg4', '-q:v', '1'),
    }),
    { size: [8, 16, 16] },
  );
  for (const frames of all(lossy))
    for (const [index, frame] of frames.entries()) assert.ok(Math.abs(frame - index) < 1, `frame ${index} is ${frame}`);
});

test('sound, rotation, oblong pixels and uneven times of a video', { skip }, async () => {
  const { openFilm } = await import('../../src/data/decoding/clips/openFilm.js');
  const pattern = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=10:duration=3'];
  const source = await folderOf({
    'sound.mp4': filmed('mp4', ...pattern, '-f', 'lavfi', '-i', 'sine=duration=3', '-pix_fmt', 'yuv420p'),
    'oblong.mp4': filmed('mp4', ...pattern, '-vf', 'setsar=2/1', '-pix_fmt', 'yuv420p'),
    'odd.mkv': filmed('mkv', '-f', 'lavfi', '-i', 'testsrc=size=63x47:rate=10:duration=3', '-pix_fmt', 'yuv444p'),
    'uneven.mp4': filmed(
      'mp4',
      ...pattern,
      '-vf',
      "select='lt(n,10)+not(mod(n,4))'",
      '-vsync',
      'vfr',
      '-pix_fmt',
      'yuv420p',
    ),
  });
  addRotated(source);
  const look = async (name: string) => {
    const film = await openFilm({ kind: 'video', parts: [{ path: join(source, name), offset: 0 }] }, '#ffffff');
    let frames = 0;
    for await (const { width, height } of film.play()) {
      assert.deepEqual([width, height], [film.width, film.height], name);
      frames++;
    }
    return [film.width, film.height, film.frames, Math.round(film.rate ?? 0), frames];
  };
  assert.deepEqual(await look('sound.mp4'), [64, 48, 30, 10, 30]);
  assert.deepEqual(await look('rotated.mp4'), [48, 64, 30, 10, 30]);
  assert.deepEqual(await look('oblong.mp4'), [128, 48, 30, 10, 30]);
  assert.deepEqual(await look('odd.mkv'), [63, 47, 30, 10, 30]);
  assert.deepEqual(await look('uneven.mp4'), [64, 48, 15, 10, 29], 'the last frame is the one at 2.8 s');
});

test('frames of uneven times come at their times; films that are cut off or too short are skipped and named', {
  skip,
}, async () => {
  const source = await folderOf({
    'a.mkv': rampVideo(13, 'mkv', '-vf', "select='lt(n,4)+not(mod(n,4))'", '-vsync', 'vfr', ...exact),
    'short.mp4': rampVideo(3, 'mp4', ...exact),
  });
  const whole = readFileSync(join(source, 'short.mp4'));
  writeFileSync(join(source, 'cut.mp4'), whole.subarray(0, whole.length / 2)); // the index at its end is lost
  for (const data of [{}, { frameRate: 10 }]) {
    const clips = await open(source, { size: [4, 16, 16], data });
    assert.deepEqual(all(clips), [
      [0, 1, 2, 3],
      [4, 4, 4, 4],
      [8, 8, 8, 8],
    ]);
    assert.deepEqual(clips.skipped, [
      { name: 'cut.mp4', reason: 'moov atom not found' },
      { name: 'short.mp4', reason: '3 frames; a sample needs 4' },
    ]);
  }
});

/** Writes `rotated.mp4`: `sound.mp4` with a note that it is shown turned by 90°. */
function addRotated(folder: string): void {
  const rotated = filmed('mp4', '-i', join(folder, 'sound.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90');
  writeFileSync(join(folder, 'rotated.mp4'), rotated);
}

test('videos without ffmpeg: one sentence with the command that installs it', async () => {
  const source = await folderOf({ 'x.mp4': 'any bytes' });
  const path = process.env.PATH;
  process.env.PATH = work;
  try {
    assert.match(
      await problem(open(source, { size })),
      /^reading a video needs ffmpeg, which is not installed; install it: (sudo apt-get|brew|winget) install ffmpeg$/,
    );
  } finally {
    process.env.PATH = path;
  }
});

test('sources without clips, and sizes that do not fit', async () => {
  const empty = await folderOf({ 'x.txt': 'text' });
  assert.match(await problem(open(empty, { size })), /no clips here \(mp4, webm, mkv/);
  assert.match(await problem(open('emoji', { size })), /^"emoji" has pictures, .* "bouncing" has clips of them$/);
  assert.match(await problem(open('bouncing', { size: 8 })), /^"bouncing" has clips; give model\.size three axes/);
  const videos = await folderOf({ 'x.mp4': 'any bytes' });
  assert.match(
    await problem(open(videos)),
    /no pictures here, but 1 video; clips have three axes, such as --size 16,32,32$/,
  );
  const one = join(await folderOf({ 'x.gif': await rampAnimation('gif', 8) }), 'x.gif');
  assert.match(await problem(open(one, { size })), /one file; expected a folder or a tar with clips$/);
  assert.ok(readFileSync(one).length > 0);
});
