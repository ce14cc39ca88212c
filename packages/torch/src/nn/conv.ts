import { describe } from '../argument.js';
import { TorchError } from '../errors.js';
import { type ConvolutionOptions, conv1d, conv2d, conv3d } from '../functions.js';
import { Module } from '../module.js';
import { checked, count, whole } from '../range.js';
import type { Tensor } from '../tensor.js';
import { type InitialOptions, initial, parameter } from './initial.js';
import { castLike, workable } from './precision.js';

/** Options of a `Conv`. Defaults: stride 1, no padding, one group. */
export interface ConvOptions extends ConvolutionOptions, InitialOptions {
  /** Whether there is a bias. Default: true */
  readonly bias?: boolean;
}

const convolutions = [conv1d, conv2d, conv3d];

/**
 * Convolution over one, two or three axes, in the dtype of x:
 *
 *     x [B, inputs, ...size] → [B, outputs, ...size'],   size' = ⌊(size + 2·padding − kernel)/stride⌋ + 1
 *
 * The weight [outputs, inputs/groups, ...kernel] starts with `initial.glorot`, the bias [outputs] at 0.
 */
export class Conv extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #convolution: (typeof convolutions)[number];
  readonly #options: ConvolutionOptions;

  /**
   * @param kernel  size of the window along each axis: [3, 3] for pictures
   * @throws TorchError if there are not one to three axes, or `groups` does not divide `inputs` and `outputs`
   * @throws TorchError if a size is not a whole number of at least 1, or an option is out of range
   */
  constructor(inputs: number, outputs: number, kernel: readonly number[], options: ConvOptions = {}) {
    super();
    const { bias = true, initial: values, seed, stride = 1, padding = 0, groups = 1 } = options;
    if (!Array.isArray(kernel) || kernel.length < 1 || kernel.length > 3)
      throw new TorchError(
        `Conv: kernel must be a list of one to three sizes, such as [3, 3]; got ${describe(kernel)}`,
      );
    checked('Conv: inputs', inputs, count);
    checked('Conv: outputs', outputs, count);
    checked('Conv: groups', groups, count);
    for (const size of kernel) checked('Conv: a size of the kernel', size, count);
    for (const each of [stride].flat()) checked('Conv: stride', each, count);
    for (const each of [padding].flat()) checked('Conv: padding', each, whole(2 ** 53));
    if (inputs % groups !== 0 || outputs % groups !== 0)
      throw new TorchError(
        `Conv: inputs and outputs must be multiples of groups, got ${inputs} inputs, ${outputs} outputs, ${groups} groups`,
      );
    this.weight = parameter([outputs, inputs / groups, ...kernel], { initial: values, seed });
    this.bias = bias ? parameter([outputs], { initial: initial.zeros, seed }) : null;
    this.#convolution = convolutions[kernel.length - 1];
    this.#options = { stride, padding, groups };
  }

  /** @throws TorchError if x has another number of axes or channels, or is smaller than the kernel */
  forward(x: Tensor): Tensor {
    const [weight, bias] = [workable(castLike(this.weight, x)), this.bias && workable(castLike(this.bias, x))];
    return castLike(this.#convolution(workable(x), weight, bias, this.#options), x);
  }
}
