import assert from 'node:assert/strict';
import sharp from '../../src/media/sharp.js';
import { openData } from '../../src/training/openData.js';
import { folderOf } from '../data/fixtures.js';
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

export const cases: Cases = {
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
