import { type Geometry, lengthOf, type Part, sinCosFrequencies } from '@rin/core';
import { cat, type Tensor, tensor, zeros } from '@rin/torch';

/**
 * Cuts samples into patches (paper, section 2). Patches are in raster order (frame, row, column). The values inside a patch
 * have the same order, with the channel last.
 * Frames that do not fill the last slice are padded with zero frames.
 * @param x     [B, C, ...size] of the part
 * @param part  a part of the sample
 * @returns     [B, tokens, patchLength]
 */
export function patchify(x: Tensor, { size, grid, tokens }: Part, { patch, patchLength }: Geometry): Tensor {
  const [batch, channels] = x.shape;
  const axes = grid.map((_, axis) => axis);
  const missing = grid[0] * patch[0] - size[0];
  const { dtype, device } = x;
  const whole = missing > 0 ? cat([x, zeros([batch, channels, missing, ...size.slice(1)], { dtype, device })], 2) : x;
  return whole
    .reshape([batch, channels, ...axes.flatMap((axis) => [grid[axis], patch[axis]])]) // [B, C, g0, p0, g1, p1, …]
    .permute([0, ...axes.map((axis) => 2 + 2 * axis), ...axes.map((axis) => 3 + 2 * axis), 1]) // [B, g…, p…, C]
    .reshape([batch, tokens, patchLength]);
}

/** The inverse of `patchify`: [B, tokens, patchLength] → [B, C, ...size] of the part. Frames of the padding are cut off. */
export function unpatchify(patches: Tensor, { size, grid }: Part, { patch, patchLength }: Geometry): Tensor {
  const batch = patches.shape[0];
  const channels = patchLength / lengthOf(patch);
  const axes = grid.map((_, axis) => axis);
  const whole = patches
    .reshape([batch, ...grid, ...patch, channels])
    .permute([0, 1 + 2 * grid.length, ...axes.flatMap((axis) => [1 + axis, 1 + grid.length + axis])]) // [B, C, g0, p0, …]
    .reshape([batch, channels, ...axes.map((axis) => grid[axis] * patch[axis])]);
  return size[0] < whole.shape[2] ? whole.narrow(2, 0, size[0]) : whole;
}

/**
 * Sin-cos code of positions 0 … count − 1 (reference: the authors' code). The positions are spread over coordinates
 * c = 0 … scale. A code is sin(c·ω_j) for all j, then cos(c·ω_j), with ω_j = 10000^(−2j/dim).
 * @returns  count rows of `dim` numbers
 */
function lineCode(count: number, dim: number, scale: number): number[][] {
  const frequencies = sinCosFrequencies(dim);
  return Array.from({ length: count }, (_, index) => {
    const coordinate = count > 1 ? (index * scale) / (count - 1) : 0;
    const angles = frequencies.map((frequency) => coordinate * frequency);
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });
}

/**
 * Sin-cos code of a grid of tokens (reference: the authors' code). The first half of the channels codes the row, the second
 * half the column. In a signal, or in a single row or column, all channels code the position. All frames of a clip have the
 * same code.
 * @param grid   patches along each axis: [L], [H, W] or [T, H, W]
 * @param dim    channels d
 * @param scale  coordinate of the last position, `model.timeScaling`
 * @returns      [tokens, dim] float64
 */
export function sinCosCode(grid: readonly number[], dim: number, scale: number): Tensor {
  const [rows, columns] = grid.length === 1 ? [1, grid[0]] : grid.slice(-2);
  const slices = grid.length === 3 ? grid[0] : 1;
  let plane: number[][];
  if (rows === 1 || columns === 1) plane = lineCode(rows * columns, dim, scale);
  else {
    const [byRow, byColumn] = [lineCode(rows, dim / 2, scale), lineCode(columns, dim / 2, scale)];
    plane = byRow.flatMap((row) => byColumn.map((column) => [...row, ...column]));
  }
  const numbers = Float64Array.from(Array.from({ length: slices }, () => plane).flat(2));
  return tensor(numbers, [numbers.length / dim, dim]);
}
