import { expand } from '@rin/core';
import type { Image } from './image.js';
import { checkSound, type Sound } from './sound.js';

/** Height of a drawn waveform in pixels. */
const height = 65;
/** Most columns of a drawn waveform. A longer sound has several samples in a column. */
const mostColumns = 256;
/** Grey levels of the line and of the background. */
const [line, paper] = [48, 245];

/**
 * A sound as a grey picture: time from left to right, amplitude from −1 at the bottom to 1 at the top. Each column shows
 * all amplitudes from the lowest to the highest of its part of the sound.
 * @returns [1, 65, min(L, 256)]
 */
export function waveform(sound: Sound): Image {
  const amplitudes = expand(checkSound(sound).data);
  const width = Math.min(amplitudes.length, mostColumns);
  const data = new Uint8Array(height * width).fill(paper);
  const row = (amplitude: number) => Math.round(((1 - amplitude) * (height - 1)) / 2);
  let before = amplitudes[0];
  for (let x = 0; x < width; x++) {
    const start = Math.floor((x * amplitudes.length) / width);
    const part = amplitudes.subarray(start, Math.floor(((x + 1) * amplitudes.length) / width));
    const lowest = part.reduce((a, b) => Math.min(a, b), before); // the line joins the column before
    const highest = part.reduce((a, b) => Math.max(a, b), before);
    for (let y = row(highest); y <= row(lowest); y++) data[y * width + x] = line;
    before = part[part.length - 1];
  }
  return { data, shape: [1, height, width] };
}
