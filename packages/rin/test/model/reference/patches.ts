import type { Geometry } from './geometry.js';
import { indices, offset, product, type Tokens } from './values.js';

/** What a group of frames is cut by. */
type Cut = Pick<Geometry, 'size' | 'grid' | 'patch'>;

/**
 * For each cell of the grid in raster order, where in [C, ...size] its patch vector lies: (frame,) row, column, channel. Behind
 * the last frame it lies nowhere, −1.
 */
function layout(channels: number, g: Cut): number[][] {
  return indices(g.grid).map((cell) =>
    indices([...g.patch, channels]).map((at) => {
      const channel = at[at.length - 1];
      const place = cell.map((index, axis) => index * g.patch[axis] + at[axis]);
      return place[0] < g.size[0] ? offset([channels, ...g.size], [channel, ...place]) : -1;
    }),
  );
}

/** Pixels [C, ...size] as patch vectors; zeros behind the last frame. C may be more than the channels of a sample. */
export function patches(channels: number, g: Cut, pixels: Float64Array): Tokens {
  return layout(channels, g).map((cell) => Float64Array.from(cell, (from) => (from < 0 ? 0 : pixels[from])));
}

/** Patch vectors as pixels [C, ...size]. */
export function unfold(channels: number, g: Geometry, tokens: Tokens): Float64Array {
  const pixels = new Float64Array(product([channels, ...g.size]));
  layout(channels, g).forEach((cell, token) => {
    cell.forEach((to, i) => {
      if (to >= 0) pixels[to] = tokens[token][i];
    });
  });
  return pixels;
}
