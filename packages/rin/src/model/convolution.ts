import { Conv, convolveTokens, GroupNorm, type Linear, Module, type Tensor } from '@rin/torch';
import { dropped, linear, type Mode, uniform } from './layers.js';

/** Is added to the variance. */
const eps = 1e-5;

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
  #groups: number;
  #dropout: number;

  /**
   * @param kernel  side k of the window, odd
   * @param grid    patches along each axis; their product is n
   */
  constructor(dim: number, kernel: number, grid: readonly number[], rate: number) {
    super();
    const window = grid.map(() => kernel);
    this.depthwise = new Conv(dim, dim, window, { padding: Math.floor(kernel / 2), groups: dim, seed: null });
    this.#groups = Math.min(Math.floor(dim / 4), 32);
    this.norm = new GroupNorm(this.#groups, dim, { eps, seed: null });
    this.pointwise = linear(dim, dim, uniform((2 * dim) / 1e-10)); // the authors' scale: the branch starts almost at 0
    this.#grid = grid;
    this.#dropout = rate;
  }

  /** x [B, n, d] → [B, n, d] */
  forward(x: Tensor, mode: Mode): Tensor {
    const tokens = this.#inOnePass(x) ?? this.#asMap(x); //                                          [B, n, d]
    return this.pointwise.addedTo(x, dropped(tokens, this.#dropout, mode));
  }

  /** SiLU(GroupNorm(depthwise(X))), x [B, n, d] → [B, n, d] */
  #asMap(x: Tensor): Tensor {
    const [batch, , dim] = x.shape;
    const map = this.depthwise.forward(x.transpose(1, 2).reshape([batch, dim, ...this.#grid])); //   [B, d, ...grid]
    return this.norm.forward(map).silu().flatten(2).transpose(1, 2);
  }

  /** The same by a kernel of the addon; null where it has none. */
  #inOnePass(x: Tensor): Tensor | null {
    const { weight, bias } = this.depthwise;
    const [grid, groups] = [this.#grid, this.#groups];
    return bias && convolveTokens(x, { grid, weight, bias, norm: this.norm, groups, eps });
  }
}
