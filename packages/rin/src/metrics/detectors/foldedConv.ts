import { conv2d, conv3d, keep, Module, type Tensor, unsafe } from '@rin/torch';

/** What follows a convolution at each channel: (y − mean)/√(variance + eps)·gain + shift. Each is [outputs]. */
export interface BatchNorm {
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** Default: 1 */
  readonly gain?: Tensor;
  readonly shift: Tensor;
  readonly eps: number;
}

/** Options of a `FoldedConv`. Defaults: stride 1 along each axis, padding `same`, one group. */
export interface FoldedConvOptions {
  readonly stride?: readonly number[];
  /** `same` is TensorFlow's rule: see `samePadding`. Otherwise the zeros at both ends of each axis. */
  readonly padding?: 'same' | readonly number[];
  readonly groups?: number;
}

/**
 * A convolution over two or three axes with the batch norm after it, as one convolution with a bias. The norm is folded into the
 * weights in float64.
 */
export class FoldedConv extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly #stride: readonly number[];
  readonly #padding: 'same' | readonly number[];
  readonly #groups: number;

  /**
   * Its tensors belong to no scope.
   * @param weight  [outputs, inputs/groups, ...kernel]
   */
  constructor(weight: Tensor, after: BatchNorm, { stride, padding = 'same', groups = 1 }: FoldedConvOptions = {}) {
    super();
    const axes = weight.shape.length - 2;
    this.#stride = stride ?? new Array<number>(axes).fill(1);
    this.#padding = padding;
    this.#groups = groups;
    const { mean, variance, gain, shift, eps } = after;
    const scale = variance
      .double()
      .add(eps)
      .rsqrt()
      .mul(gain ?? 1); // [outputs]
    this.weight = keep(
      weight
        .double()
        .mul(scale.reshape([-1, ...new Array<number>(axes + 1).fill(1)]))
        .float(),
    );
    this.bias = keep(shift.double().sub(mean.double().mul(scale)).float());
  }

  /** x [B, inputs, ...size] → [B, outputs, ...size'] */
  forward(x: Tensor): Tensor {
    const kernel = this.weight.shape.slice(2);
    const convolve = kernel.length === 2 ? conv2d : conv3d;
    const options = { stride: this.#stride, groups: this.#groups };
    if (this.#padding !== 'same') return convolve(x, this.weight, this.bias, { ...options, padding: this.#padding });
    const ends = samePadding(x.shape.slice(2), kernel, this.#stride);
    if (ends.every(([before, after]) => before === after))
      return convolve(x, this.weight, this.bias, { ...options, padding: ends.map(([before]) => before) });
    return convolve(padded(x, ends, 0), this.weight, this.bias, options);
  }
}

/**
 * TensorFlow's padding `SAME`: along each axis ⌈size/stride⌉ results, and if the padding is odd, one more at the end. PyTorch's
 * padding is the same at both ends, which gives other results at stride 2.
 * @returns the elements before and after, for each axis
 */
export const samePadding = (
  size: readonly number[],
  kernel: readonly number[],
  stride: readonly number[],
): (readonly [number, number])[] =>
  size.map((length, axis) => {
    const total = Math.max((Math.ceil(length / stride[axis]) - 1) * stride[axis] + kernel[axis] - length, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });

/** x with elements of one value before and after, along its last axes. */
export function padded(x: Tensor, ends: readonly (readonly [number, number])[], value: number): Tensor {
  // libtorch takes the last axis first.
  return unsafe.call('aten::constant_pad_nd', [x, ends.toReversed().flat(), value]) as Tensor;
}
