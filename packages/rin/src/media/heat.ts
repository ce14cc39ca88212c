import type { Image } from './image.js';

/**
 * The colour scale viridis (S. van der Walt and N. Smith for Matplotlib, CC0) at 17 even places, from 0 to 1. Its lightness grows
 * evenly, also for people who see two of the three primary colours alike.
 */
const stops = (
  '440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c ' +
  '1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725'
)
  .split(' ')
  .map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));

/** The colour of a value from 0 (dark blue) to 1 (yellow), as red, green and blue from 0 to 255. Others count as the nearer end. */
export function heatColour(value: number): number[] {
  const place = Math.min(1, Math.max(0, value)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  return stops[below].map((from, channel) => Math.round(from + (place - below) * (stops[below + 1][channel] - from)));
}

/** Least brightness of the picture below the heat, of the colour's own: black lines stay visible, and colours readable. */
const darkest = 0.35;

/**
 * A picture in grey with a map as colours over it. White parts of the picture have the colours of the scale; darker ones are darker.
 * Each cell of the map is a rectangle, without a gradient between cells.
 * @param image  [1 or 3, H, W]
 * @param map    rows × columns numbers in raster order, 0 to 1 (`heatColour`)
 * @returns      [3, H, W]
 */
export function heatOver(
  { data, shape: [channels, height, width] }: Image,
  { values, grid: [rows, columns] }: { readonly values: ArrayLike<number>; readonly grid: readonly number[] },
): Image {
  const plane = height * width;
  const out = new Uint8Array(3 * plane);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const grey =
        channels === 1 ? data[at] : 0.299 * data[at] + 0.587 * data[plane + at] + 0.114 * data[2 * plane + at]; // Rec. 601
      const brightness = darkest + ((1 - darkest) * grey) / 255;
      const colour = heatColour(values[row + Math.floor((x * columns) / width)]);
      for (const [channel, value] of colour.entries()) out[channel * plane + at] = Math.round(value * brightness);
    }
  }
  return { data: out, shape: [3, height, width] };
}
