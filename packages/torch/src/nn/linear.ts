import { TorchError } from '../errors.js';
import { cat, linear } from '../functions.js';
import { fused } from '../fused.js';
import { Module } from '../module.js';
import { checked, count } from '../range.js';
import type { Tensor } from '../tensor.js';
import { type InitialOptions, initial, parameter } from './initial.js';
import { castLike, workable } from './precision.js';

/** Options of a `Linear`. */
export interface LinearOptions extends InitialOptions {
  /** Whether there is a bias. Default: true */
  readonly bias?: boolean;
}

/**
 * y = x·Wᵀ + b, in the dtype of x; x [..., inputs] → y [..., outputs]. The weight W [outputs, inputs] starts with
 * `initial.glorot`, the bias b [outputs] at 0.
 */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  /** @throws TorchError if a size is not a whole number of at least 1, or an option is out of range */
  constructor(inputs: number, outputs: number, { bias = true, ...options }: LinearOptions = {}) {
    super();
    checked('Linear: inputs', inputs, count);
    checked('Linear: outputs', outputs, count);
    this.weight = parameter([outputs, inputs], options);
    this.bias = bias ? parameter([outputs], { initial: initial.zeros, seed: options.seed }) : null;
  }

  /** @throws TorchError if the last size of x is not `inputs` */
  forward(x: Tensor): Tensor {
    return product(x, ...this.#valuesLike(x));
  }

  /**
   * GELU(x·Wᵀ + b), with the exact GELU. On a CPU it is faster than the two operators.
   * @throws TorchError as `forward`
   */
  gelu(x: Tensor): Tensor {
    const [weight, bias] = this.#valuesLike(x);
    const result = bias && fused('rin::linear_gelu', [x, weight, bias]);
    return result ? result[0] : product(x, weight, bias).gelu();
  }

  /**
   * sum + x·Wᵀ + b, for a residual. On a CPU it is faster than the two operators.
   * @param sum  [..., outputs], or a shape that is broadcast to it
   * @throws TorchError as `forward`
   */
  addedTo(sum: Tensor, x: Tensor): Tensor {
    const [weight, bias] = this.#valuesLike(x);
    const result = bias && fused('rin::linear_added', [sum, x, weight, bias]);
    return result ? result[0] : sum.add(product(x, weight, bias));
  }

  /** The weight and the bias in the dtype of x. */
  #valuesLike(x: Tensor): [weight: Tensor, bias: Tensor | null] {
    return [castLike(this.weight, x), this.bias && castLike(this.bias, x)];
  }

  /**
   * Several linear layers of the same input as one product, which is faster: x [..., inputs] → [..., sum of their outputs], one
   * after the other.
   * @throws TorchError if there are no layers, some layers have a bias and others have none, or the shapes do not fit
   */
  static together(x: Tensor, ...layers: readonly Linear[]): Tensor {
    if (layers.length === 0) throw new TorchError('Linear.together: there are no layers');
    const biases = layers.flatMap(({ bias }) => bias ?? []);
    if (biases.length % layers.length !== 0)
      throw new TorchError('Linear.together: either all layers need a bias, or none');
    const weight = cat(layers.map((layer) => layer.weight));
    return product(x, castLike(weight, x), biases.length > 0 ? castLike(cat(biases), x) : null);
  }
}

/** x·Wᵀ + b, in the dtype of x */
const product = (x: Tensor, weight: Tensor, bias: Tensor | null): Tensor =>
  castLike(linear(workable(x), workable(weight), bias && workable(bias)), x);
