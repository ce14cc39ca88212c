import assert from 'node:assert/strict';
import sharp from '../../src/media/sharp.js';
import { encodeWav } from '../../src/media/wav.js';
import { openData } from '../../src/training/openData.js';
import { folderOf, rampAnimation } from '../data/fixtures.js';
import { tiny } from '../training/tiny.js';
import { assertDistinct, type Cases, choicesOf } from './case.js';

/** The one picture of a folder as a sample [3, 8, 8]. */
async function decoded(picture: Buffer, data: object): Promise<number[]> {
  const folder = await folderOf({ 'picture.png': picture });
  const dataset = await openData(folder, tiny({ model: { channels: 3, classes: 0 }, data }), {});
  const pixels = new Uint8Array(3 * 8 * 8);
  dataset.read(0, pixels);
  dataset.close();
  return [...pixels];
}

const made = (width: number, height: number, channels: 3 | 4, value: (i: number) => number) =>
  sharp(
    Uint8Array.from({ length: width * height * channels }, (_, i) => value(i)),
    { raw: { width, height, channels } },
  )
    .png()
    .toBuffer();

/** Samples that a recording of 10 frames at 10 a second, or of 1,600 values at 8,000 a second, becomes. */
async function count(medium: 'clip' | 'sound', data: object): Promise<number> {
  const wave = encodeWav({ data: new Uint8Array(1600).fill(90), shape: [1, 1600] }, { rate: 8000 });
  const files: Record<string, Uint8Array> =
    medium === 'clip' ? { 'a.gif': await rampAnimation('gif', 10) } : { 'a.wav': Buffer.from(wave) };
  const model =
    medium === 'clip'
      ? { size: [2, 4, 4], patch: [1, 4, 4], channels: 3, classes: 0 }
      : { size: [400], patch: [100], channels: 1, classes: 0 };
  const dataset = await openData(await folderOf(files), tiny({ model, data }), {});
  dataset.close();
  return dataset.length;
}

export const cases: Cases = {
  'data.frameRate': [
    'sets the frames per second of clips',
    async () => {
      assert.equal(await count('clip', {}), 5);
      assert.equal(await count('clip', { frameRate: 20 }), 10);
    },
  ],
  'data.stride': [
    'is the distance of samples that are cut from one recording',
    async () => {
      assert.equal(await count('clip', { stride: 1 }), 9);
      assert.equal(await count('sound', { sampleRate: 8000, stride: 200 }), 7);
    },
  ],
  'data.sampleRate': [
    'sets the samples per second of sounds',
    async () => {
      assert.equal(await count('sound', { sampleRate: 8000 }), 4);
      assert.equal(await count('sound', { sampleRate: 4000 }), 2);
    },
  ],
  'data.resize': [
    'cuts a wide picture or stands it before a background, in a way of its own',
    async () => {
      const wide = await made(40, 20, 3, (i) => (i * 7919) % 200);
      const found = new Map<string, number[]>();
      for (const resize of choicesOf('data.resize')) {
        const pixels = await decoded(wide, { resize, background: '#ffffff' });
        found.set(resize, pixels);
        assert.equal(pixels[0] === 255, resize === 'fit', `${resize}: background in the corner`);
      }
      assertDistinct('data.resize', (resize) => found.get(resize));
    },
  ],
  'data.background': [
    'is the colour behind transparent pictures',
    async () => {
      const clear = await made(8, 8, 4, () => 0);
      const pixels = await decoded(clear, { background: '#0a64ff' });
      assert.deepEqual([pixels[0], pixels[64], pixels[128]], [0x0a, 0x64, 0xff]);
    },
  ],
};
