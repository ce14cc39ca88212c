import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleAttention } from '../../src/inspect/attention.js';
import type { Image } from '../../src/media/image.js';
import { attentionFrames, attentionSheet } from '../../src/report/attentionSheet.js';
import { staring } from '../inspect/attending.js';

/** Width of the labels of the rows: 'block 0' in letters of 12 pixels, and gaps. The colour scales are right of the pictures. */
const labels = 6 + 7 * 12 + 6;

/**
 * The box of pixels with the brightest colour of the heat, also where it is darkened: [left, top, right, bottom].
 * @param pictures width of the pictures with their gaps
 */
function brightBox({ data, shape: [, height, width] }: Image, pictures: number): number[] {
  const box = [width, height, -1, -1];
  const plane = height * width;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < labels + pictures; x++) {
      const [r, g, b] = [0, 1, 2].map((channel) => data[channel * plane + y * width + x]);
      if (r < 80 || b > 0.25 * r || g < 0.8 * r) continue;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
  return box;
}

const over = { sampling: { steps: 1 } };
const look = (token: number, model: object = {}) =>
  sampleAttention(staring(token, { ...over, model }), { seeds: [0], blocks: [0] });

test('the patch that is read is bright at its row and column of the sheet', async () => {
  const boxes = await Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (token) => brightBox(attentionSheet((await look(token))[0]), 126)),
  );
  // pictures of 4×6 are enlarged 21 times; patches are 2×2
  const side = 2 * 21;
  const [left, top] = boxes[0];
  for (const [token, box] of boxes.entries()) {
    const [row, column] = [Math.floor(token / 3), token % 3];
    const corner = [left + column * side, top + row * side];
    assert.deepEqual(box, [...corner, corner[0] + side - 1, corner[1] + side - 1], `token ${token}`);
  }
});

test('of a clip it is bright in its frames, at its row and column', async () => {
  const model = { size: [4, 4, 6], patch: [2, 2, 2] };
  // 4 frames of 4×6 beside each other, enlarged 10 times; a patch has two frames
  const boxOf = async (token: number) => brightBox(attentionSheet((await look(token, model))[0]), 240);
  const [first, last] = [await boxOf(0), await boxOf(6 + 5)];
  const frame = 60;
  assert.deepEqual(last, [first[0] + 2 * frame + 40, first[1] + 20, first[0] + 3 * frame + 59, first[1] + 39]);
});

test('of a sound it is bright over its part of the waveform', async () => {
  const model = { size: [24], patch: [4] };
  const [one, two] = await Promise.all(
    [1, 4].map(async (token) => brightBox(attentionSheet((await look(token, model))[0]), 24)),
  );
  const scale = 1; // the waveform of 24 values is 24×65
  assert.equal(two[0] - one[0], 3 * 4 * scale);
  assert.equal(one[2] - one[0] + 1, 4 * scale);
});

test('an animation has a picture for each step, with a column for each sample', async () => {
  const model = staring(4, { sampling: { steps: 3 } });
  const found = await sampleAttention(model, { seeds: [0, 1, 2], blocks: [0] });
  const frames = attentionFrames(found);
  assert.equal(frames.length, 3);
  const [left, top, right] = brightBox(frames[1], 3 * 132);
  const [one] = attentionFrames(found.slice(0, 1));
  assert.deepEqual([left, top], brightBox(one, 132).slice(0, 2));
  assert.equal(right - left + 1, 2 * (6 * 21 + 6) + 2 * 21); // two cells with gaps, and the patch of the third
  const unseen = found.map((sample) => ({ ...sample, steps: sample.steps.map((step) => ({ ...step, maps: [] })) }));
  assert.throws(() => attentionSheet(unseen[0]), /^RinError: seed 0: no step has an attention to show/);
});
