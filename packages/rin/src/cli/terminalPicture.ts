import type { Image } from '../data/grid.js';
import { interleaved } from '../data/planar.js';
import sharp from '../data/sharp.js';

/** Whether pictures can be drawn on a stream: a terminal with 24-bit colours. */
export const showsPictures = (stream: NodeJS.WriteStream): boolean => stream.isTTY && stream.getColorDepth() >= 24;

/**
 * A picture as lines of text with colour codes. A character shows two pixels: the upper half block in the colour of the
 * upper one, on the colour of the lower one.
 * @param columns  widest line, in characters; larger pictures are scaled down to it
 */
export async function terminalPicture({ data, shape }: Image, columns: number): Promise<string> {
  const [channels, height, width] = shape;
  const raw = { channels: channels === 1 ? (1 as const) : (3 as const), height, width };
  const shownWidth = Math.min(width, columns);
  const shownHeight = 2 * Math.max(1, Math.round((height * shownWidth) / width / 2));
  const { data: pixels, info } = await sharp(interleaved(data, channels), { raw })
    .resize({ width: shownWidth, height: shownHeight, fit: 'fill' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const colour = (x: number, y: number): string => {
    const start = (y * shownWidth + x) * info.channels;
    return pixels.subarray(start, start + 3).join(';');
  };
  const lines = Array.from({ length: shownHeight / 2 }, (_, row) => {
    const blocks = Array.from(
      { length: shownWidth },
      (_, x) => `\x1b[38;2;${colour(x, 2 * row)}m\x1b[48;2;${colour(x, 2 * row + 1)}m▀`,
    );
    return `${blocks.join('')}\x1b[0m`;
  });
  return lines.join('\n');
}
