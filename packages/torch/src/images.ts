import { checkOptions, describe } from './argument.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { callTensor } from './operator.js';
import { choice } from './tensor/operands.js';
import type { Tensor } from './tensor.js';

/** One number for both dimensions, or [vertical, horizontal]. */
export type Pair = number | readonly number[];

/** Options of a pooling. Default: stride = size of the window, no padding. */
export interface PoolOptions {
  readonly stride?: Pair;
  /** At most half of the window. */
  readonly padding?: Pair;
  /** Whether a window that is cut at the end counts. Default: false */
  readonly ceilMode?: boolean;
}

/** The largest element of each window of `size`: [B, C, H, W] → [B, C, H′, W′]. `dilation` is the step inside a window. */
export function maxPool2d(
  x: Tensor,
  size: Pair,
  { stride = [], padding = 0, dilation = 1, ceilMode = false }: PoolOptions & { readonly dilation?: Pair } = {},
): Tensor {
  return callTensor('aten::max_pool2d', x, size, stride, padding, dilation, ceilMode);
}

/**
 * The mean of each window of `size`: [B, C, H, W] → [B, C, H′, W′].
 * @param options.countIncludePad  whether padded zeros count in the mean. Default: true
 */
export function avgPool2d(
  x: Tensor,
  size: Pair,
  {
    stride = [],
    padding = 0,
    ceilMode = false,
    countIncludePad = true,
  }: PoolOptions & { readonly countIncludePad?: boolean } = {},
): Tensor {
  return callTensor('aten::avg_pool2d', x, size, stride, padding, ceilMode, countIncludePad);
}

/** Options of `interpolate`: either `size` or `scaleFactor`. */
export interface InterpolateOptions {
  /** New sizes of the last dimensions. */
  readonly size?: Pair;
  /** Factors for their sizes. */
  readonly scaleFactor?: Pair;
  /** `linear` is for one dimension, `bilinear` and `bicubic` for two, `trilinear` for three. Default: `nearest` */
  readonly mode?: 'nearest' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear';
  /** Whether the centres of the corner pixels stay in place; not for `nearest`. Default: false */
  readonly alignCorners?: boolean;
}

interface Mode {
  /** The operator by the number of spatial dimensions. */
  readonly operators: Readonly<Record<number, string>>;
  readonly takesAlignCorners: boolean;
}
const smooth = (dims: number, name: string): Mode => ({
  operators: { [dims]: `aten::upsample_${name}.vec` },
  takesAlignCorners: true,
});
const modes: Readonly<Record<string, Mode>> = {
  nearest: {
    operators: Object.fromEntries([1, 2, 3].map((dims) => [dims, `aten::upsample_nearest${dims}d.vec`])),
    takesAlignCorners: false,
  },
  linear: smooth(1, 'linear1d'),
  bilinear: smooth(2, 'bilinear2d'),
  bicubic: smooth(2, 'bicubic2d'),
  trilinear: smooth(3, 'trilinear3d'),
};

/**
 * Resizes pictures: [B, C, H, W] → [B, C, H′, W′], also [B, C, L] and [B, C, T, H, W].
 * @throws TorchError if neither or both of `size` and `scaleFactor` are given
 * @throws TorchError if the mode does not fit the dimensions or `alignCorners`
 */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  if (!(x instanceof Handle)) throw new TorchError(`interpolate: expected a tensor, got ${describe(x)}`);
  const { size, scaleFactor, mode = 'nearest', alignCorners = false } = checkOptions('interpolate', options);
  const { operators, takesAlignCorners } = choice('interpolate: mode', modes, mode);
  const dims = x.shape.length - 2;
  const operator = operators[dims];
  if (operator === undefined)
    throw new TorchError(
      `interpolate: ${mode} needs ${Object.keys(operators).join(' or ')} dimensions after batch and channels (${describe(x)})`,
    );
  if ((size === undefined) === (scaleFactor === undefined))
    throw new TorchError('interpolate: expected either size or scaleFactor');
  if (alignCorners && !takesAlignCorners) throw new TorchError(`interpolate: ${mode} has no alignCorners`);
  const each = (value: Pair | undefined) => (typeof value === 'number' ? new Array<number>(dims).fill(value) : value);
  return takesAlignCorners
    ? callTensor(operator, x, each(size) ?? null, alignCorners, each(scaleFactor) ?? null)
    : callTensor(operator, x, each(size) ?? null, each(scaleFactor) ?? null);
}
