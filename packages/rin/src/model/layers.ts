import {
  cat,
  conv1d,
  conv2d,
  conv3d,
  dropout,
  groupNorm,
  layerNorm,
  linear,
  Module,
  scaledDotProductAttention,
  type Tensor,
  unsafe,
} from '@rin/torch';
import { type Initial, ones, parameter, uniform, zeros } from './initial.js';
import { workable } from './workable.js';

/** What a pass may draw: training switches dropout and drop-path on. */
export interface Mode {
  readonly training: boolean;
}

const glorot = (inputs: number, outputs: number): Initial => uniform(inputs + outputs);

// Weights follow the type of the activations: float32 master weights work in a bfloat16 pass, with their gradients in float32.
const as = (weight: Tensor, like: Tensor): Tensor => (weight.dtype === like.dtype ? weight : weight.to(like.dtype));

/** y = x·Wᵀ + b;  x [..., inputs] → [..., outputs] */
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

/** x·Wᵀ + b, in the type of x */
const product = (x: Tensor, weight: Tensor, bias: Tensor): Tensor =>
  as(linear(workable(x), workable(weight), workable(bias)), x);

/** Several products of the same input as one: their weights are stacked, their outputs lie side by side. */
function together(x: Tensor, ...layers: Linear[]): Tensor {
  const stacked = (tensors: Tensor[]): Tensor => as(cat(tensors), x);
  return product(x, stacked(layers.map((layer) => layer.weight)), stacked(layers.map((layer) => layer.bias)));
}

/** LayerNorm over channels, eps 1e-6 (the authors'). `gain` = where the gain starts; 0 closes a path at the start. */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(dim: number, gain: 0 | 1 = 1) {
    super();
    this.weight = parameter([dim], gain === 1 ? ones : zeros);
    this.bias = parameter([dim], zeros);
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, [this.weight.shape[0]], as(this.weight, x), as(this.bias, x), 1e-6);
  }
}

/** GroupNorm over min(dim/4, 32) groups of channels, eps 1e-5 (the authors'). */
class GroupNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(dim: number) {
    super();
    this.weight = parameter([dim], ones);
    this.bias = parameter([dim], zeros);
  }

  /** x [B, dim, ...grid] → [B, dim, ...grid] */
  forward(x: Tensor): Tensor {
    const groups = Math.min(Math.floor(x.shape[1] / 4), 32);
    return groupNorm(x, groups, as(this.weight, x), as(this.bias, x), 1e-5);
  }
}

/** Feed-forward branch: Dense(ratio·dim) → GELU (erf) → dropout → Dense(dim), on a normalised input. */
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

  /** [..., dim] → [..., dim], without the residual */
  forward(x: Tensor, mode: Mode): Tensor {
    const hidden = this.up.forward(this.norm.forward(x)).gelu();
    return this.down.forward(dropped(hidden, this.#dropout, mode));
  }
}

const dropped = (x: Tensor, rate: number, { training }: Mode): Tensor =>
  training && rate > 0 ? dropout(x, rate, true) : x;

/**
 * Multi-head attention, softmax(q·kᵀ/√head)·v, with biases. Its kernels start smaller than Glorot's, since the authors'
 * are three-dimensional: fans of D_in and (heads + head) for q, k and v; heads and (head + D_out) for the output.
 */
export class Attention extends Module {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly out: Linear;
  #heads: number;
  #dropout: number;

  constructor(queryDim: number, contextDim: number, width: number, heads: number, rate = 0) {
    super();
    const head = width / heads;
    this.q = new Linear(queryDim, width, uniform(queryDim * (heads + head)));
    this.k = new Linear(contextDim, width, uniform(contextDim * (heads + head)));
    this.v = new Linear(contextDim, width, uniform(contextDim * (heads + head)));
    this.out = new Linear(width, queryDim, uniform(heads * (head + queryDim)));
    this.#heads = heads;
    this.#dropout = rate;
  }

  /** Self-attention; x [B, m, d] → [B, m, d] */
  self(x: Tensor, mode: Mode): Tensor {
    const [q, k, v] = this.#split(together(x, this.q, this.k, this.v), 3);
    return this.#attend(q, k, v, mode);
  }

  /** q from x [B, n, d], k and v from the context [B, m, d'] → [B, n, d] */
  cross(x: Tensor, context: Tensor, mode: Mode): Tensor {
    const [q] = this.#split(this.q.forward(x), 1);
    const [k, v] = this.#split(together(context, this.k, this.v), 2);
    return this.#attend(q, k, v, mode);
  }

  /** [B, n, parts·width] → parts × [B, heads, n, head], all views; so the gradients are put together by one copy. */
  #split(packed: Tensor, parts: number): Tensor[] {
    const width = packed.shape[2] / parts;
    const [batch, tokens] = packed.shape;
    const heads = [batch, tokens, this.#heads, width / this.#heads];
    return packed.split(width, 2).map((part) => part.reshape(heads).transpose(1, 2));
  }

  #attend(q: Tensor, k: Tensor, v: Tensor, { training }: Mode): Tensor {
    const rates = { dropoutP: training ? this.#dropout : 0 };
    const attended = as(scaledDotProductAttention(workable(q), workable(k), workable(v), rates), q);
    return this.out.forward(attended.transpose(1, 2).flatten(2));
  }
}

/** Compute layer (paper, section 2): self-attention, then an MLP, each on a normalised input and added to it. */
export class Compute extends Module {
  readonly norm: LayerNorm;
  readonly attention: Attention;
  readonly mlp: Mlp;
  #dropPath: number;

  constructor(
    dim: number,
    heads: number,
    ratio: number,
    rates: { dropout: number; dropPath: number; attentionDropout: number },
  ) {
    super();
    this.norm = new LayerNorm(dim);
    this.attention = new Attention(dim, dim, dim, heads, rates.attentionDropout);
    this.mlp = new Mlp(dim, ratio, rates.dropout);
    this.#dropPath = rates.dropPath;
  }

  forward(latents: Tensor, mode: Mode): Tensor {
    let Z = latents; //                                                                        Z [B, m, d']
    Z = Z.add(droppedPath(this.attention.self(this.norm.forward(Z), mode), this.#dropPath, mode)); // [B, m, d']
    Z = Z.add(droppedPath(this.mlp.forward(Z, mode), this.#dropPath, mode)); //                     [B, m, d']
    return Z;
  }
}

/** Stochastic depth: a branch is left out for whole samples; those that stay are divided by their share. */
function droppedPath(branch: Tensor, rate: number, { training }: Mode): Tensor {
  if (!training || rate === 0) return branch;
  const kept = unsafe.call('aten::bernoulli.p', [branch.narrow(1, 0, 1).narrow(2, 0, 1).detach(), 1 - rate]) as Tensor;
  return branch.mul(kept.div(1 - rate));
}

/**
 * Read and write (paper, section 2): cross-attention from normalised queries to keys and values that are not normalised
 * (unless `normalizeKeyValue`), then an MLP (none for ratio 0). Attention width = the smaller of the two dims.
 */
export class Cross extends Module {
  readonly norm: LayerNorm;
  readonly normKv: LayerNorm | null;
  readonly attention: Attention;
  readonly mlp: Mlp | null;

  constructor(dim: number, contextDim: number, heads: number, ratio: number, normalizeKeyValue: boolean) {
    super();
    this.norm = new LayerNorm(dim);
    this.normKv = normalizeKeyValue ? new LayerNorm(contextDim) : null;
    this.attention = new Attention(dim, contextDim, Math.min(dim, contextDim), heads);
    this.mlp = ratio > 0 ? new Mlp(dim, ratio) : null;
  }

  /** x [B, n, d] queries, context [B, m, d'] → x [B, n, d] */
  forward(x: Tensor, context: Tensor, mode: Mode): Tensor {
    const keys = this.normKv ? this.normKv.forward(context) : context;
    const read = x.add(this.attention.cross(this.norm.forward(x), keys, mode));
    return this.mlp ? read.add(this.mlp.forward(read, mode)) : read;
  }
}

/** Depthwise convolution on the interface as a map: k×k → GroupNorm → SiLU → dropout → 1×1, added to its input. */
export class Convolution extends Module {
  readonly depthwise: Depthwise;
  readonly norm: GroupNorm;
  readonly pointwise: Linear;
  #grid: readonly number[];
  #dropout: number;

  constructor(dim: number, kernel: number, grid: readonly number[], rate: number) {
    super();
    this.depthwise = new Depthwise(dim, kernel, grid.length);
    this.norm = new GroupNorm(dim);
    this.pointwise = new Linear(dim, dim, uniform((2 * dim) / 1e-10)); // the authors' scale: the branch starts at almost 0
    this.#grid = grid;
    this.#dropout = rate;
  }

  /** x [B, n, d] → [B, n, d] */
  forward(x: Tensor, mode: Mode): Tensor {
    const [batch, , dim] = x.shape;
    const map = this.depthwise.forward(x.transpose(1, 2).reshape([batch, dim, ...this.#grid])); //   [B, d, ...grid]
    const normed = this.norm.forward(map).silu();
    const tokens = dropped(normed.flatten(2).transpose(1, 2), this.#dropout, mode); //               [B, n, d]
    return x.add(this.pointwise.forward(tokens));
  }
}

/** One k×…×k filter a channel, same padding. */
class Depthwise extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(dim: number, kernel: number, axes: number) {
    super();
    const window = new Array<number>(axes).fill(kernel);
    this.weight = parameter([dim, 1, ...window], uniform(kernel ** axes * (dim + 1)));
    this.bias = parameter([dim], zeros);
  }

  /** x [B, d, ...grid] → [B, d, ...grid] */
  forward(x: Tensor): Tensor {
    const [dim, , ...window] = this.weight.shape;
    const convolution = { 1: conv1d, 2: conv2d, 3: conv3d }[window.length as 1 | 2 | 3];
    const [weight, bias] = [workable(as(this.weight, x)), workable(as(this.bias, x))];
    return as(convolution(workable(x), weight, bias, { padding: Math.floor(window[0] / 2), groups: dim }), x);
  }
}
