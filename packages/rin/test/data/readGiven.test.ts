import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RinError } from '@rin/core';
import sharp from 'sharp';
import { readGiven } from '../../src/data/readGiven.js';
import { encodeAnimation } from '../../src/media/animation.js';
import { type Clip, framesOf } from '../../src/media/clip.js';
import type { Image } from '../../src/media/image.js';
import { encodePng } from '../../src/media/png.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-given-'));
after(() => rmSync(folder, { recursive: true }));

/** A frame of one grey shade. */
const frame = (shade: number, height = 8, width = 8): Image => ({
  data: new Uint8Array(3 * height * width).fill(shade),
  shape: [3, height, width],
});
const shades = [10, 60, 110, 160, 210];
const target = { shape: [3, 16, 8, 8], count: 3, resize: 'center-crop', background: '#ffffff' } as const;

/** The shade of each frame: that of its first value. */
const shadesOf = (clip: Clip): number[] => framesOf(clip).map(({ data }) => data[0]);

/** A folder of frames. */
async function frames(name: string, ...list: Image[]): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  for (const [i, each] of list.entries()) writeFileSync(join(place, `${i + 8}.png`), await encodePng(each)); // 8, 9, 10, …
  return place;
}

/** An animated WebP without loss, or a GIF. */
async function animation(name: string, ...list: Image[]): Promise<string> {
  const webp = await encodeAnimation(list, { quality: 100 });
  const bytes = name.endsWith('.gif') ? await sharp(webp, { animated: true }).gif().toBuffer() : webp;
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

test('the last frames of a folder of frames are taken in the order of their numbers', async () => {
  const place = await frames('walk', ...shades.map((shade) => frame(shade)));
  const [{ name, clip }, ...more] = await readGiven(place, target);
  assert.deepEqual([name, clip.shape, more.length], ['walk', [3, 3, 8, 8], 0]);
  assert.deepEqual(shadesOf(clip), [110, 160, 210]);
  const [{ clip: grey }] = await readGiven(place, { ...target, shape: [1, 16, 8, 8] });
  assert.deepEqual(
    [grey.shape, shadesOf(grey)],
    [
      [1, 3, 8, 8],
      [110, 160, 210],
    ],
  );
});

test('the last frames of an animated WebP or GIF are taken', async () => {
  for (const name of ['clip.webp', 'clip.gif']) {
    const file = await animation(name, ...shades.map((shade) => frame(shade)));
    const [{ name: found, clip }] = await readGiven(file, target);
    assert.equal(found, name);
    assert.deepEqual(shadesOf(clip), [110, 160, 210]);
    const [{ clip: whole }] = await readGiven(file, { ...target, count: 5 });
    assert.deepEqual(shadesOf(whole), shades);
  }
});

test('frames of another size are scaled by the rule of the data, first frame and later ones alike', async () => {
  // black, with a white column at either end that the largest centre square leaves out
  const wide: Image = { data: new Uint8Array(3 * 8 * 16), shape: [3, 8, 16] };
  for (let row = 0; row < 24; row++) for (const column of [0, 15]) wide.data[row * 16 + column] = 255;
  const file = await animation('wide.webp', wide, { ...wide, data: wide.data.map((value) => value || 1) }, wide);
  const [{ clip: cropped }] = await readGiven(file, target);
  assert.ok(cropped.data.every((value) => value <= 1));
  const [{ clip: fitted }] = await readGiven(file, { ...target, resize: 'fit' });
  for (const { data } of framesOf(fitted)) assert.ok(data[0] === 255 && data[4 * 8 + 4] < 60); // background above, picture below
});

test('a folder of clips is read clip by clip, in natural order', async () => {
  const dark = [1, 2, 3].map((shade) => frame(shade));
  await animation('walk.webp', ...dark);
  rmSync(join(folder, 'many'), { recursive: true, force: true });
  mkdirSync(join(folder, 'many'));
  await animation('many/10.webp', ...shades.map((shade) => frame(shade)));
  await animation('many/2.webp', ...dark);
  await frames('many/3', frame(7), frame(8), frame(9));
  writeFileSync(join(folder, 'many/notes.txt'), 'no clip');
  const found = await readGiven(join(folder, 'many'), target);
  assert.deepEqual(
    found.map(({ name, clip }) => [name, shadesOf(clip)]),
    [
      ['2.webp', [1, 2, 3]],
      ['3', [7, 8, 9]],
      ['10.webp', [110, 160, 210]],
    ],
  );
});

test('clips that are too short, absent or no clips are refused in one sentence', async () => {
  const refused = async (path: string, message: RegExp) =>
    assert.rejects(readGiven(path, target), (error) => {
      assert.ok(error instanceof RinError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  await refused(await frames('short', frame(1), frame(2)), /short has 2 frames, but this model continues 3$/);
  await refused(await animation('still.webp', frame(1)), /still\.webp has 1 frame, but this model continues 3$/);
  await refused(join(folder, 'none'), /none: there is no such file or folder$/);
  mkdirSync(join(folder, 'empty'));
  await refused(join(folder, 'empty'), /empty: no clip is here; expected a video, an animated GIF, WebP or PNG/);
  writeFileSync(join(folder, 'film.mp4'), Buffer.alloc(64));
  await refused(join(folder, 'film.mp4'), /film\.mp4 cannot be read as frames \(.*\); expected a video|ffmpeg/);
});
