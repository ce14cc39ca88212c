import { Conv, GroupNorm, type Linear, Module, type Tensor } from '@rin/torch';
import { dropped, linear, type Mode, uniform } from './layers.js';

/**
 * Convolution on the interface as a map (reference: the authors' code): X ← X + 1×1(dropout(SiLU(GroupNorm(depthwise(X))))).
 * The depthwise convolution has one filter k×…×k for each channel, with padding that keeps the size. GroupNorm has
 * min(d/4, 32) groups of channels.
 */
export class Convolution extends Module {
  readonly depthwise: Conv;
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
    const window = grid.map(() => kernel);
    this.depthwise = new Conv(dim, dim, window, { padding: Math.floor(kernel / 2), groups: dim, seed: null });
    this.norm = new GroupNorm(Math.min(Math.floor(dim / 4), 32), dim, { seed: null });
    this.pointwise = linear(dim, dim, uniform((2 * dim) / 1e-10)); // the authors' scale: the branch starts almost at 0
    this.#grid = grid;
    this.#dropout = rate;
  }

  /** x [B, n, d] → [B, n, d] */
  forward(x: Tensor, mode: Mode): Tensor {
    const [batch, , dim] = x.shape;
    const map = this.depthwise.forward(x.transpose(1, 2).reshape([batch, dim, ...this.#grid])); //   [B, d, ...grid]
    const normed = this.norm.forward(map).silu();
    const tokens = dropped(normed.flatten(2).transpose(1, 2), this.#dropout, mode); //               [B, n, d]
    return this.pointwise.addedTo(x, tokens);
  }
}
