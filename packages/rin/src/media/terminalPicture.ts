import type { Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/** Bits of colour that a terminal shows. */
export type PictureDepth = 8 | 24;

/**
 * The colour depth of a stream; undefined if it is no terminal, or has fewer than 256 colours. Windows Terminal has 24
 * bits but does not report them, so a variable identifies it.
 */
export function pictureDepth(stream: NodeJS.WriteStream, env = process.env): PictureDepth | undefined {
  const depth = stream.isTTY ? stream.getColorDepth(env) : 1;
  if (depth < 8) return undefined;
  return depth >= 24 || env.WT_SESSION !== undefined ? 24 : 8;
}

/** The levels of red, green and blue in the palette of 256 colours. Its colour cube begins at number 16. */
const levels = [0, 95, 135, 175, 215, 255];
/** After the cube come the greys 8, 18, … 238. */
const [firstGrey, greys] = [232, 24];

/** Number of the nearest colour in the palette of 256, from the cube or the greys. */
export function paletteColour(red: number, green: number, blue: number): number {
  const wanted = [red, green, blue];
  const steps = wanted.map((value) => indexOfLeast(levels.map((level) => Math.abs(level - value))));
  const grey = Math.min(Math.max(Math.round(((red + green + blue) / 3 - 8) / 10), 0), greys - 1);
  const distance = (colour: readonly number[]) => colour.reduce((sum, value, i) => sum + (value - wanted[i]) ** 2, 0);
  const isGrey = distance(new Array<number>(3).fill(8 + 10 * grey)) < distance(steps.map((step) => levels[step]));
  return isGrey ? firstGrey + grey : 16 + 36 * steps[0] + 6 * steps[1] + steps[2];
}

const indexOfLeast = (values: readonly number[]): number => values.indexOf(Math.min(...values));

/**
 * A picture as lines of text with colour codes. Each character is an upper half block and shows two pixels. Its colour
 * is the upper pixel, its background the lower pixel.
 * @param columns width of the longest line, in characters; wider pictures are scaled down to it
 */
export async function terminalPicture(
  { data, shape }: Image,
  columns: number,
  depth: PictureDepth = 24,
): Promise<string> {
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
    const [red, green, blue] = pixels.subarray(start, start + 3);
    return depth === 24 ? `2;${red};${green};${blue}` : `5;${paletteColour(red, green, blue)}`;
  };
  const lines = Array.from({ length: shownHeight / 2 }, (_, row) => {
    const blocks = Array.from(
      { length: shownWidth },
      (_, x) => `\x1b[38;${colour(x, 2 * row)}m\x1b[48;${colour(x, 2 * row + 1)}m▀`,
    );
    return `${blocks.join('')}\x1b[0m`;
  });
  return lines.join('\n');
}
