import type { Picture } from '../picture.js';
import { apngOf } from './apng.js';
import { pixelsOf } from './paint.js';
import { wavOf } from './sound.js';

/** Pixels between samples in a file. */
const gap = 2;

/**
 * Offers samples as one file: PNG for pictures, animated PNG for clips, WAV for sounds. No value is changed.
 * @param name  without ending
 */
export async function save(pictures: readonly Picture[], name: string, rate: number): Promise<void> {
  const [{ medium, shape }] = pictures;
  const frames = medium === 'clip' ? shape[1] : 1;
  const file =
    medium === 'sound'
      ? wavOf(pictures, rate)
      : await apngOf(
          Array.from({ length: frames }, (_, frame) => sheet(pictures.map((each) => pixelsOf(each, frame)))),
          rate,
        );
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `${name}.${medium === 'sound' ? 'wav' : 'png'}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Pictures of one size in rows, as many rows as columns; one alone has no edge. */
function sheet(pictures: readonly ImageData[]): ImageData {
  if (pictures.length === 1) return pictures[0];
  const columns = Math.ceil(Math.sqrt(pictures.length));
  const [{ width, height }] = pictures;
  const rows = Math.ceil(pictures.length / columns);
  const all = new ImageData(columns * (width + gap) - gap, rows * (height + gap) - gap);
  all.data.fill(255);
  for (const [i, { data }] of pictures.entries()) {
    const [left, top] = [(i % columns) * (width + gap), Math.floor(i / columns) * (height + gap)];
    for (let y = 0; y < height; y++)
      all.data.set(data.subarray(4 * y * width, 4 * (y + 1) * width), 4 * ((top + y) * all.width + left));
  }
  return all;
}
