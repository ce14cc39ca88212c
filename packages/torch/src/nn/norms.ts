import { TorchError } from '../errors.js';
import { groupNorm, layerNorm } from '../functions.js';
import { Module } from '../module.js';
import { checked, count, notNegative } from '../range.js';
import type { Tensor } from '../tensor.js';
import { type InitialOptions, initial, parameter } from './initial.js';
import { castLike } from './precision.js';

/** Options of `LayerNorm` and `GroupNorm`. */
export interface NormOptions extends InitialOptions {
  /** Added to the variance. Default: 1e-5 */
  readonly eps?: number;
}

/**
 * LayerNorm (Ba et al. 2016) over the last dimension, in the dtype of x; x [..., dim] → [..., dim]:
 *
 *     y = (x − mean)/√(variance + eps)·weight + bias
 *
 * The weight [dim] starts at 1, the bias [dim] at 0.
 */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly #eps: number;

  /** @throws TorchError if `dim` is not a whole number of at least 1, or an option is out of range */
  constructor(dim: number, { eps = 1e-5, initial: values = initial.ones, seed }: NormOptions = {}) {
    super();
    checked('LayerNorm: dim', dim, count);
    this.weight = parameter([dim], { initial: values, seed });
    this.bias = parameter([dim], { initial: initial.zeros, seed });
    this.#eps = checked('LayerNorm: eps', eps, notNegative);
  }

  /** @throws TorchError if the last size of x is not `dim` */
  forward(x: Tensor): Tensor {
    return layerNorm(x, [this.weight.shape[0]], castLike(this.weight, x), castLike(this.bias, x), this.#eps);
  }
}

/**
 * GroupNorm (Wu & He 2018): normalises each group of channels together, in the dtype of x; x [B, channels, ...] → the same
 * shape. The weight [channels] starts at 1, the bias [channels] at 0.
 */
export class GroupNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly #groups: number;
  readonly #eps: number;

  /**
   * @throws TorchError if `channels` is not a multiple of `groups`, or one of them is not a whole number of at least 1
   * @throws TorchError if an option is out of range
   */
  constructor(
    groups: number,
    channels: number,
    { eps = 1e-5, initial: values = initial.ones, seed }: NormOptions = {},
  ) {
    super();
    checked('GroupNorm: groups', groups, count);
    checked('GroupNorm: channels', channels, count);
    if (channels % groups !== 0)
      throw new TorchError(
        `GroupNorm: channels must be a multiple of groups, got ${channels} channels, ${groups} groups`,
      );
    this.weight = parameter([channels], { initial: values, seed });
    this.bias = parameter([channels], { initial: initial.zeros, seed });
    this.#groups = groups;
    this.#eps = checked('GroupNorm: eps', eps, notNegative);
  }

  /** @throws TorchError if the second size of x is not `channels` */
  forward(x: Tensor): Tensor {
    return groupNorm(x, this.#groups, castLike(this.weight, x), castLike(this.bias, x), this.#eps);
  }
}
