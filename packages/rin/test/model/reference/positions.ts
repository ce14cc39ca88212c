import type { Tokens } from './values.js';

/**
 * Sin-cos code of one coordinate c (`positional_encoding` of the authors): angle_i = c / 10000^(2⌊i/2⌋/dim) for
 * i = 0 … dim − 1; sines of the even i, then cosines of the odd i.
 */
export function sinCos(coordinate: number, dim: number): Float64Array {
  const angle = (i: number) => coordinate / 10000 ** ((2 * Math.floor(i / 2)) / dim);
  const sines: number[] = [];
  const cosines: number[] = [];
  for (let i = 0; i < dim; i += 2) sines.push(Math.sin(angle(i)));
  for (let i = 1; i < dim; i += 2) cosines.push(Math.cos(angle(i)));
  return Float64Array.from([...sines, ...cosines]);
}

/** Coordinate of index k among N: k s / (N − 1); an axis of one place is at 0. */
function coordinate(k: number, length: number, scale: number): number {
  return length === 1 ? 0 : (k * scale) / (length - 1);
}

/** 1-D code of `length` places: over all channels. */
export function line(length: number, dim: number, scale: number): Tokens {
  return Array.from({ length }, (_, k) => sinCos(coordinate(k, length, scale), dim));
}

/**
 * Sin-cos code of a grid of tokens in raster order: [L] 1-D; [H, W] row in the first half of the channels, column in
 * the second (one row or one column: 1-D); [T, H, W] the code of [H, W] for every slice, without a code of time.
 */
export function gridCode(grid: readonly number[], dim: number, scale: number): Tokens {
  if (grid.length === 1) return line(grid[0], dim, scale);
  if (grid.length === 3) {
    const slice = gridCode(grid.slice(1), dim, scale);
    return Array.from({ length: grid[0] }, () => slice).flat();
  }
  const [rows, columns] = grid;
  if (rows === 1 || columns === 1) return line(rows * columns, dim, scale);
  const tokens: Tokens = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const down = sinCos(coordinate(row, rows, scale), dim / 2);
      const across = sinCos(coordinate(column, columns, scale), dim / 2);
      tokens.push(Float64Array.from([...down, ...across]));
    }
  }
  return tokens;
}
