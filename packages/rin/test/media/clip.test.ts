import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkClip, clipOf, cutClip, framesOf, joinClips } from '../../src/media/clip.js';
import { mediumOf } from '../../src/media/medium.js';

/** [3, 2, 1, 2]: the value tells channel, frame and column. */
const clip = { data: Uint8Array.of(0, 1, 10, 11, 100, 101, 110, 111, 200, 201, 210, 211), shape: [3, 2, 1, 2] };

test('the frames of a clip have all channels of their time', () => {
  assert.deepEqual(framesOf(clip), [
    { data: Uint8Array.of(0, 1, 100, 101, 200, 201), shape: [3, 1, 2] },
    { data: Uint8Array.of(10, 11, 110, 111, 210, 211), shape: [3, 1, 2] },
  ]);
});

test('frames make the clip again', () => {
  assert.deepEqual(clipOf(framesOf(clip)), clip);
});

test('frames of two shapes, no frames and a wrong number of values are refused', () => {
  const other = { data: new Uint8Array(3), shape: [3, 1, 1] };
  assert.throws(() => clipOf([...framesOf(clip), other]), /frames of \[3, 1, 2\] and \[3, 1, 1\]; expected one shape/);
  assert.throws(() => clipOf([]), /no frames/);
  assert.throws(() => checkClip({ data: new Uint8Array(11), shape: [3, 2, 1, 2] }), /with 11 values: expected/);
  assert.throws(() => checkClip({ data: new Uint8Array(4), shape: [2, 2, 1, 1] }), /expected \[1 or 3, frames/);
});

test('the number of sizes tells the medium', () => {
  assert.deepEqual(
    [
      [1, 8],
      [3, 8, 8],
      [3, 4, 8, 8],
    ].map(mediumOf),
    ['sound', 'picture', 'clip'],
  );
});

test('a clip is cut and joined frame by frame, with any number of channels', () => {
  const first = { data: Uint8Array.of(0, 1, 100, 101, 200, 201), shape: [3, 1, 1, 2] };
  const second = { data: Uint8Array.of(10, 11, 110, 111, 210, 211), shape: [3, 1, 1, 2] };
  assert.deepEqual(cutClip(clip, 0, 1), first);
  assert.deepEqual(cutClip(clip, 1, 1), second);
  assert.deepEqual(joinClips(first, second), clip);
  const longer = joinClips(clip, first);
  assert.deepEqual(longer.shape, [3, 3, 1, 2]);
  assert.deepEqual(cutClip(longer, 2, 1), first);
  const two = { data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2, 1, 1] };
  assert.deepEqual(joinClips(two, cutClip(two, 0, 1)), { data: Uint8Array.of(1, 2, 1, 3, 4, 3), shape: [2, 3, 1, 1] });
});
