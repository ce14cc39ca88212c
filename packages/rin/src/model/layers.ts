import { cat, dropout, layerNorm, linear, Module, type Tensor } from '@rin/torch';
import { type Initial, ones, parameter, uniform, zeros } from './initial.js';
import { workable } from './workable.js';

/** The mode of a pass. Training switches dropout and drop-path on. */
export interface Mode {
  readonly training: boolean;
}

/** Glorot & Bengio 2010, eq. 16 */
const glorot = (inputs: number, outputs: number): Initial => uniform(inputs + outputs);

/** Casts a weight to the dtype of the activations. So float32 weights work in a bfloat16 pass and get float32 gradients. */
export const as = (weight: Tensor, like: Tensor): Tensor =>
  weight.dtype === like.dtype ? weight : weight.to(like.dtype);

/** y = x·Wᵀ + b;  x [..., inputs] → y [..., outputs] */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(inputs: number, outputs: number, initial: Initial = glorot(inputs, outputs)) {
    super();
    this.weight = parameter([outputs, inputs], initial);
    this.bias = parameter([outputs], zeros);
  }

  forward(x: Tensor): Tensor {
    return product(x, as(this.weight, x), as(this.bias, x));
  }
}

/** x·Wᵀ + b, in the dtype of x */
const product = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  as(linear(workable(x), workable(weight), workable(bias)), x);

/** Several linear layers of the same input as one product. x [..., inputs] → [..., sum of their outputs], one after the other. */
export function together(x: Tensor, ...layers: Linear[]): Tensor {
  const stacked = (tensors: Tensor[]): Tensor => as(cat(tensors), x);
  return product(x, stacked(layers.map((layer) => layer.weight)), stacked(layers.map((layer) => layer.bias)));
}

/** LayerNorm over channels (Ba et al. 2016), eps 1e-6 (reference: the authors' code). Its weight starts at `gain`; with 0 its output starts at 0. */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(dim: number, gain: 0 | 1 = 1) {
    super();
    this.weight = parameter([dim], gain === 1 ? ones : zeros);
    this.bias = parameter([dim], zeros);
  }

  /** x [..., dim] → [..., dim] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, [this.weight.shape[0]], as(this.weight, x), as(this.bias, x), 1e-6);
  }
}

/**
 * MLP(x) = W₂·dropout(GELU(W₁·LN(x))), with hidden width ratio·dim and the exact GELU (reference: the authors' code). The caller
 * adds the residual.
 */
export class Mlp extends Module {
  readonly norm: LayerNorm;
  readonly up: Linear;
  readonly down: Linear;
  #dropout: number;

  constructor(dim: number, ratio: number, rate = 0) {
    super();
    const hidden = Math.round(dim * ratio);
    this.norm = new LayerNorm(dim);
    this.up = new Linear(dim, hidden);
    this.down = new Linear(hidden, dim);
    this.#dropout = rate;
  }

  /** x [..., dim] → [..., dim] */
  forward(x: Tensor, mode: Mode): Tensor {
    const hidden = this.up.forward(this.norm.forward(x)).gelu();
    return this.down.forward(dropped(hidden, this.#dropout, mode));
  }
}

/** Dropout (Srivastava et al. 2014) in training. The values that are kept are divided by 1 − rate. */
export const dropped = (x: Tensor, rate: number, { training }: Mode): Tensor =>
  training && rate > 0 ? dropout(x, rate, true) : x;
