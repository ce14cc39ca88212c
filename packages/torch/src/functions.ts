import { describe } from './argument.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { call, callTensor, refuseInTrace } from './operator.js';
import type { Tensor } from './tensor.js';

/** Joins tensors along an existing dimension. */
export const cat = (tensors: readonly Tensor[], dim = 0): Tensor => callTensor('aten::cat', tensors, dim);

/** Joins tensors of equal shape along a new dimension. */
export const stack = (tensors: readonly Tensor[], dim = 0): Tensor => callTensor('aten::stack', tensors, dim);

/** Element by element, broadcast: `a` if the condition (bool) is true, otherwise `b`. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  callTensor('aten::where.self', condition, a, b);

/** Element by element, broadcast: the smaller value, or NaN if either is NaN. */
export const minimum = (a: Tensor, b: Tensor): Tensor => callTensor('aten::minimum', a, b);
/** Element by element, broadcast: the larger value, or NaN if either is NaN. */
export const maximum = (a: Tensor, b: Tensor): Tensor => callTensor('aten::maximum', a, b);

/** x·wᵀ + b; x [..., in], w [out, in], b [out] → [..., out] */
export const linear = (x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor =>
  callTensor('aten::linear', x, weight, bias);

/** LayerNorm (Ba et al. 2016) over the last dimensions, whose sizes are `shape`; weight and bias [...shape] scale and shift. */
export const layerNorm = (
  x: Tensor,
  shape: readonly number[],
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor => callTensor('aten::layer_norm', x, shape, weight, bias, eps);

/** GroupNorm (Wu & He 2018) of x [B, C, …]: normalises C/groups channels together; weight and bias [C] scale and shift. */
export const groupNorm = (
  x: Tensor,
  groups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor => callTensor('aten::group_norm', x, groups, weight, bias, eps);

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** Whether to use the statistics of the batch, and to update the running ones. Default: false */
  readonly training?: boolean;
  /** The share of the batch in the new running statistics. Default: 0.1 */
  readonly momentum?: number;
  /** Is added to the variance. Default: 1e-5 */
  readonly eps?: number;
}

/**
 * BatchNorm (Ioffe & Szegedy 2015) of x [B, C, …]: normalises each channel, then scales and shifts it; all others are [C]. In
 * training the running mean and variance are changed in place; null keeps none.
 * @throws TorchError if the shapes do not fit, or if a trace would have to record the changed statistics
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  { training = false, momentum = 0.1, eps = 1e-5 }: BatchNormOptions = {},
): Tensor {
  const name = 'aten::batch_norm';
  if (training && runningMean !== null) refuseInTrace(name, 'changes its running statistics in place');
  return callTensor(name, x, weight, bias, runningMean, runningVar, training, momentum, eps, true);
}

/** Options of a convolution. Defaults: stride 1, no padding, one group. */
export interface ConvolutionOptions {
  /** One number for all dimensions, or one for each. */
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

/**
 * The transpose of `conv2d`, its gradient by x: x [B, C, H, W], w [C, out/groups, k, k] → [B, out, H′, W′].
 * @param options.outputPadding  rows and columns that are added at the end. Default: 0
 */
export const convTranspose2d = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  {
    stride = 1,
    padding = 0,
    outputPadding = 0,
    groups = 1,
  }: ConvolutionOptions & { readonly outputPadding?: number | readonly number[] } = {},
): Tensor => callTensor('aten::conv_transpose2d.input', x, weight, bias, stride, padding, outputPadding, groups);

/** Sums of products by letters: `einsum('bik,bkj->bij', [x, y])` multiplies matrices. `...` stands for further dimensions. */
export const einsum = (equation: string, tensors: readonly Tensor[]): Tensor =>
  callTensor('aten::einsum', equation, tensors);

/** Classes (int64) [...] → [..., classes] with 1 at the class and 0 elsewhere; int64. Default: the largest class + 1 */
export const oneHot = (classes: Tensor, count = -1): Tensor => callTensor('aten::one_hot', classes, count);

/** Rows of `weight` [count, dim] by index: indices [...] → [..., dim]. */
export const embedding = (weight: Tensor, indices: Tensor): Tensor => callTensor('aten::embedding', weight, indices);

/** In training: zeroes elements with probability p and divides the others by 1 − p. libtorch's generator draws (`manualSeed`). */
export const dropout = (x: Tensor, p: number, training: boolean): Tensor => callTensor('aten::dropout', x, p, training);

/**
 * softmax(q·kᵀ/√d)·v (Vaswani et al. 2017, eq. 1); q [B, h, n, d], k and v [B, h, m, d] → [B, h, n, d].
 * @param options.mask  bool, broadcast to [B, h, n, m]: false = this query does not see this key. Default: all are seen
 * @throws TorchError if the shapes do not fit
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { dropoutP = 0, mask = null }: { dropoutP?: number; mask?: Tensor | null } = {},
): Tensor {
  const name = 'aten::scaled_dot_product_attention';
  const length = (tensor: Tensor) => (tensor instanceof Handle ? tensor.shape.at(-2) : undefined);
  // libtorch's kernel for the CPU does not check this, and reads beyond the end of the shorter one.
  if (length(k) !== length(v))
    throw new TorchError(`${name}: k and v must have the same length m (${[q, k, v].map(describe).join(', ')})`);
  return callTensor(name, q, k, v, mask, dropoutP);
}

/** The Euclidean norm of each tensor of a list, in one call. */
export const norms = (tensors: readonly Tensor[]): Tensor[] =>
  call('aten::_foreach_norm.Scalar', tensors, 2) as Tensor[];
