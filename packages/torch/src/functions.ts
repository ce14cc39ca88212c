import { describe } from './argument.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { call, callTensor } from './operator.js';
import type { Tensor } from './tensor.js';

/** Joins tensors along a dimension that they have. */
export const cat = (tensors: readonly Tensor[], dim = 0): Tensor => callTensor('aten::cat', tensors, dim);

/** Joins tensors of one shape along a new dimension. */
export const stack = (tensors: readonly Tensor[], dim = 0): Tensor => callTensor('aten::stack', tensors, dim);

/** Element by element: `a` where the condition holds, else `b`. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  callTensor('aten::where.self', condition, a, b);

/** Element by element, broadcast: the smaller one, or NaN where either is. */
export const minimum = (a: Tensor, b: Tensor): Tensor => callTensor('aten::minimum', a, b);
/** Element by element, broadcast: the larger one, or NaN where either is. */
export const maximum = (a: Tensor, b: Tensor): Tensor => callTensor('aten::maximum', a, b);

/** x·wᵀ + b; x [..., in], w [out, in], b [out] → [..., out] */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor =>
  callTensor('aten::linear', x, weight, bias);

/** Normalises over the last dimensions, of sizes `shape`, then scales and shifts. */
export const layerNorm = (
  x: Tensor,
  shape: readonly number[],
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor => callTensor('aten::layer_norm', x, shape, weight, bias, eps);

/** x [B, C, …]: normalises C/groups channels together, then scales and shifts by channel. */
export const groupNorm = (
  x: Tensor,
  groups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor => callTensor('aten::group_norm', x, groups, weight, bias, eps);

/** Of a convolution. Defaults: stride 1, no padding, one group. */
export interface ConvolutionOptions {
  /** One number for all dimensions, or one each. */
  readonly stride?: number | readonly number[];
  readonly padding?: number | readonly number[];
  readonly groups?: number;
}

const convolution =
  (name: string) =>
  (
    x: Tensor,
    weight: Tensor,
    bias: Tensor | null = null,
    { stride = 1, padding = 0, groups = 1 }: ConvolutionOptions = {},
  ): Tensor =>
    callTensor(name, x, weight, bias, stride, padding, 1, groups);

/** x [B, C, L], w [out, C/groups, k] */
export const conv1d = convolution('aten::conv1d');
/** x [B, C, H, W], w [out, C/groups, k, k] */
export const conv2d = convolution('aten::conv2d');
/** x [B, C, T, H, W], w [out, C/groups, k, k, k] */
export const conv3d = convolution('aten::conv3d');

/** Rows of `weight` [count, dim] by index. */
export const embedding = (weight: Tensor, indices: Tensor): Tensor => callTensor('aten::embedding', weight, indices);

/** In training: zeroes elements with probability p and divides the others by 1 − p, by libtorch's generator (`manualSeed`). */
export const dropout = (x: Tensor, p: number, training: boolean): Tensor => callTensor('aten::dropout', x, p, training);

/** softmax(q·kᵀ/√d)·v; q [B, h, n, d], k and v [B, h, m, d] → [B, h, n, d] @throws TorchError for other shapes */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, { dropoutP = 0 } = {}): Tensor {
  const name = 'aten::scaled_dot_product_attention';
  const length = (tensor: Tensor) => (tensor instanceof Handle ? tensor.shape.at(-2) : undefined);
  // libtorch's kernel for the CPU does not look, and reads beyond the shorter one.
  if (length(k) !== length(v))
    throw new TorchError(`${name}: k and v must be of one length m (${[q, k, v].map(describe).join(', ')})`);
  return callTensor(name, q, k, v, null, dropoutP);
}

/** One norm for each tensor of a list, in one call. */
export const norms = (tensors: readonly Tensor[]): Tensor[] =>
  call('aten::_foreach_norm.Scalar', tensors, 2) as Tensor[];
