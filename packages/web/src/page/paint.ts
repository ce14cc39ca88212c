import { expand } from '@rin/core';
import type { Picture } from '../picture.js';
import { context } from './dom.js';

/** Points of a waveform: its picture has this size. */
const waveSize = [480, 120] as const;

/** Width and height of what shows a sample. */
export function shownSize({ medium, shape }: Pick<Picture, 'medium' | 'shape'>): readonly [number, number] {
  if (medium === 'sound') return waveSize;
  const [height, width] = shape.slice(-2);
  return [width, height];
}

/** Frames of a sample; 1 for a picture or a sound. */
export const framesIn = ({ medium, shape }: Pick<Picture, 'medium' | 'shape'>): number =>
  medium === 'clip' ? shape[1] : 1;

/** Draws a sample on a canvas of `shownSize`. @param frame  of a clip */
export function paint(canvas: HTMLCanvasElement, picture: Picture, frame: number): void {
  const on = context(canvas);
  if (picture.medium === 'sound') paintWave(on, expand(picture.data));
  else on.putImageData(pixelsOf(picture, frame), 0, 0);
}

/** A picture, or a frame of a clip, as a browser holds pixels. */
export function pixelsOf({ data, shape, medium }: Picture, frame = 0): ImageData {
  const [height, width] = shape.slice(-2);
  const [channels, frames, plane] = [shape[0], medium === 'clip' ? shape[1] : 1, height * width];
  const pixels = new ImageData(width, height);
  for (let channel = 0; channel < 3; channel++) {
    const start = (Math.min(channel, channels - 1) * frames + frame) * plane;
    for (let i = 0; i < plane; i++) pixels.data[4 * i + channel] = data[start + i];
  }
  for (let i = 0; i < plane; i++) pixels.data[4 * i + 3] = 255;
  return pixels;
}

/** Each column shows the range of its amplitudes. */
function paintWave(on: CanvasRenderingContext2D, amplitudes: Float32Array): void {
  const [width, height] = waveSize;
  on.clearRect(0, 0, width, height);
  on.fillStyle = getComputedStyle(on.canvas).color;
  for (let x = 0; x < width; x++) {
    const part = amplitudes.subarray(
      Math.floor((x * amplitudes.length) / width),
      Math.max(Math.floor(((x + 1) * amplitudes.length) / width), Math.floor((x * amplitudes.length) / width) + 1),
    );
    const [low, high] = part.reduce(([least, most], a) => [Math.min(least, a), Math.max(most, a)], [1, -1]);
    const top = ((1 - high) * height) / 2;
    on.fillRect(x, top, 1, Math.max(1, ((high - low) * height) / 2));
  }
}

/** The patches of a sample: [columns], [rows, columns] or [slices, rows, columns], with the frames of a slice. */
export interface PatchGrid {
  readonly grid: readonly number[];
  /** frames of a slice in time; 1 without time */
  readonly slice: number;
  /** given frames before the patches */
  readonly before: number;
}

/**
 * Draws where the network looks: a patch without attention is dark, the one with the most is clear and bright.
 * @param attention  of each patch, in any unit
 */
export function paintAttention(
  canvas: HTMLCanvasElement,
  attention: Float32Array,
  { grid, slice, before }: PatchGrid,
  frame: number,
): void {
  const on = context(canvas);
  on.clearRect(0, 0, canvas.width, canvas.height);
  const [rows, columns] = grid.length === 1 ? [1, grid[0]] : grid.slice(-2);
  const at = grid.length === 3 ? Math.floor((frame - before) / slice) : 0;
  if (at < 0) return; // a given frame
  const most = attention.reduce((largest, value) => Math.max(largest, value), 1e-9);
  const [width, height] = [canvas.width / columns, canvas.height / rows];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const share = attention[((at % grid[0]) * (grid.length === 3 ? rows : 0) + row) * columns + column] / most;
      on.fillStyle = `rgb(${Math.round(255 * share)} ${Math.round(170 * share)} ${Math.round(40 + 20 * share)} / ${0.72 - 0.3 * share})`;
      on.fillRect(column * width, row * height, width, height);
    }
  }
}
