import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emoji } from '../../src/data/sources/emoji.js';
import { open, sample } from './fixtures.js';

const size = [8, 24, 24];
const plane = 24 * 24;

/** Centre of the pixels that differ from the background, in each frame: [y, x]. @param pixels [3, 8, 24, 24] */
function centres(pixels: Uint8Array): number[][] {
  return Array.from({ length: 8 }, (_, frame) => {
    let [weight, y, x] = [0, 0, 0];
    for (let i = 0; i < plane; i++) {
      const dark = [0, 1, 2].reduce((sum, channel) => sum + 255 - pixels[(channel * 8 + frame) * plane + i], 0);
      weight += dark;
      y += dark * Math.floor(i / 24);
      x += dark * (i % 24);
    }
    assert.ok(weight > 0, `frame ${frame} shows something`);
    return [y / weight, x / weight];
  });
}

test('a clip is a function of its index, with the class of its picture', async () => {
  const [data, again] = [await open('bouncing', { size }), await open('bouncing', { size })];
  assert.deepEqual(data.classes, Object.keys(emoji));
  assert.equal(data.fingerprint, again.fingerprint);
  again.read(5, new Uint8Array(3 * 8 * plane));
  for (const index of [0, 1, 83, 1_000_000, data.length - 1])
    assert.deepEqual(sample(data, index), sample(again, index));
  const labels = Object.values(emoji).flatMap((characters, label) => [...characters].map(() => label));
  for (const index of [0, 20, 82, 83, 83 * 1000 + 45]) assert.equal(data.label(index), labels[index % 83]);
  assert.notDeepEqual(sample(data, 0), sample(data, 83), 'the same picture moves in another way');
  assert.throws(() => sample(data, data.length), RangeError);
});

test('pictures move evenly except where they bounce, and stay inside', async () => {
  const data = await open('bouncing', { size });
  let moving = 0;
  for (let index = 0; index < 40; index++) {
    const places = centres(sample(data, index));
    for (let frame = 2; frame < 8; frame++) {
      for (const axis of [0, 1]) {
        const [before, last] = [1, 0].map((back) => places[frame - back][axis] - places[frame - back - 1][axis]);
        assert.ok(Math.abs(last) < 3, `clip ${index}: ${last} pixels in a frame`);
        if (Math.abs(last - before) < 0.7) moving++;
      }
    }
  }
  assert.ok(moving > 0.75 * 40 * 12, `${moving} of 480 steps are like the step before`);
});

test('other lengths, sides, channels and backgrounds', async () => {
  const short = await open('bouncing', { size: [4, 24, 24] });
  const long = await open('bouncing', { size });
  for (let channel = 0; channel < 3; channel++)
    assert.deepEqual(
      sample(short, 7).subarray(channel * 4 * plane, (channel + 1) * 4 * plane),
      sample(long, 7).subarray(channel * 8 * plane, (channel * 8 + 4) * plane),
      'a shorter clip is the beginning of the longer one',
    );
  const grey = await open('bouncing', { size: [4, 16, 40], channels: 1, data: { background: '#000000' } });
  const pixels = sample(grey, 3);
  assert.deepEqual([grey.shape, pixels.length], [[1, 4, 16, 40], 4 * 16 * 40]);
  assert.ok(pixels.includes(0) && pixels.some((value) => value > 100));
  assert.notEqual(short.fingerprint, long.fingerprint);
});

test('the mean square is that of many clips', async () => {
  const data = await open('bouncing', { size: [4, 16, 16] });
  let [sum, count] = [0, 0];
  for (let index = 1000; index < 3000; index++) {
    for (const value of sample(data, index)) sum += ((2 * value) / 255 - 1) ** 2;
    count += 3 * 4 * 256;
  }
  assert.ok(Math.abs(sum / count - data.meanSquare) < 0.01, `${sum / count} and ${data.meanSquare}`);
});
