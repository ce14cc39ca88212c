import { RinError } from '@rin/core';
import { drawText, letterHeight, textWidth } from './font.js';
import { checkImage, type Image } from './image.js';

/** Options of `grid`. */
export interface GridOptions {
  /** pictures in a row */
  columns: number;
  /** a text to the left of each row, drawn in a built-in font */
  labels?: readonly string[];
  /** each pixel becomes a square of this side; default 1 */
  scale?: number;
  /** white pixels around each picture, before scaling; default 2 */
  margin?: number;
}

/**
 * Arranges pictures of one shape in rows, on white.
 * @param images each [1 or 3, H, W], in reading order
 * @returns a picture, planar [C, height, width], with its height and width in pixels
 * @throws RinError if there are no pictures, their shapes differ, or one is not [1 or 3, H, W]
 */
export function grid(images: readonly Image[], { columns, labels = [], scale = 1, margin = 2 }: GridOptions) {
  if (images.length === 0) throw new RinError('grid: no pictures; expected at least one');
  const shape = images[0].shape;
  const other = images.find((image) => checkImage(image).shape.join() !== shape.join());
  if (other)
    throw new RinError(`grid: pictures of [${shape.join(', ')}] and [${other.shape.join(', ')}]; expected one shape`);
  const [channels, cellHeight, cellWidth] = [shape[0], shape[1] * scale, shape[2] * scale];
  const gap = margin * scale;
  const letter = Math.max(1, Math.round(cellHeight / 40)); // side of a letter's pixel
  const left = Math.max(0, ...labels.map((label) => textWidth(label) + 2)) * letter;
  const rows = Math.ceil(images.length / columns);
  const width = left + columns * cellWidth + (columns + 1) * gap;
  const height = rows * cellHeight + (rows + 1) * gap;
  const data = new Uint8Array(channels * height * width).fill(255);
  const rowTop = (row: number) => gap + row * (cellHeight + gap);

  for (const [index, image] of images.entries()) {
    const x = left + gap + (index % columns) * (cellWidth + gap);
    const y = rowTop(Math.floor(index / columns));
    for (let channel = 0; channel < channels; channel++) {
      for (let row = 0; row < cellHeight; row++) {
        const from = (channel * shape[1] + Math.floor(row / scale)) * shape[2];
        const to = (channel * height + y + row) * width + x;
        for (let column = 0; column < cellWidth; column++)
          data[to + column] = image.data[from + Math.floor(column / scale)];
      }
    }
  }
  for (const [row, label] of labels.slice(0, rows).entries()) {
    const top = Math.max(0, rowTop(row) + Math.floor((cellHeight - letterHeight * letter) / 2));
    drawText(label, (x, y) => {
      for (let channel = 0; channel < channels; channel++) {
        for (let line = 0; line < letter; line++) {
          const start = (channel * height + top + y * letter + line) * width + gap + x * letter;
          data.fill(64, start, start + letter);
        }
      }
    });
  }
  return { data, shape: [channels, height, width], width, height };
}

/** The `scale` for small pictures: the largest integer that keeps the longer side at most 64 pixels, at least 1. */
export const enlargement = ({ shape }: Image): number => Math.max(1, Math.floor(64 / Math.max(...shape.slice(1))));
