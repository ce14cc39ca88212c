import type { Geometry } from './geometry.js';
import { indices, offset, type Tokens } from './values.js';

/** For each cell of the grid in raster order, where in [C, ...size] its patch vector lies: (frame,) row, column, channel. */
function layout(channels: number, g: Geometry): number[][] {
  return indices(g.grid).map((cell) =>
    indices([...g.patch, channels]).map((at) => {
      const channel = at[at.length - 1];
      const place = cell.map((index, axis) => index * g.patch[axis] + at[axis]);
      return offset([channels, ...g.size], [channel, ...place]);
    }),
  );
}

/** Pixels [C, ...size] as patch vectors; C may be more than the channels of a sample. */
export function patches(channels: number, g: Geometry, pixels: Float64Array): Tokens {
  return layout(channels, g).map((cell) => Float64Array.from(cell, (from) => pixels[from]));
}

/** Patch vectors as pixels [C, ...size]. */
export function unfold(channels: number, g: Geometry, tokens: Tokens): Float64Array {
  const pixels = new Float64Array(tokens.length * g.patchLength);
  layout(channels, g).forEach((cell, token) => {
    cell.forEach((to, i) => {
      pixels[to] = tokens[token][i];
    });
  });
  return pixels;
}
