import { conv1d, conv2d, conv3d, groupNorm, Module, type Tensor } from '@rin/torch';
import { ones, parameter, uniform, zeros } from './initial.js';
import { as, dropped, Linear, type Mode } from './layers.js';
import { workable } from './workable.js';

/** Convolution on the interface as a map (reference: the authors' code): X ← X + 1×1(dropout(SiLU(GroupNorm(depthwise(X))))). */
export class Convolution extends Module {
  readonly depthwise: Depthwise;
  readonly norm: GroupNorm;
  readonly pointwise: Linear;
  #grid: readonly number[];
  #dropout: number;

  /**
   * @param kernel  side k of the window, odd
   * @param grid    patches along each axis; their product is n
   */
  constructor(dim: number, kernel: number, grid: readonly number[], rate: number) {
    super();
    this.depthwise = new Depthwise(dim, kernel, grid.length);
    this.norm = new GroupNorm(dim);
    this.pointwise = new Linear(dim, dim, uniform((2 * dim) / 1e-10)); // the authors' scale: the branch starts almost at 0
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

/** One filter k×…×k for each channel, with padding that keeps the size. */
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

/** GroupNorm (Wu & He 2018) over min(dim/4, 32) groups of channels, eps 1e-5 (reference: the authors' code). */
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
