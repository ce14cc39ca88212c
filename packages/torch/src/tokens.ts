import { fused } from './fused.js';
import type { Tensor } from './tensor.js';

/** What `convolveTokens` computes with. All tensors are parameters in float32. */
export interface TokenConvolution {
  /** size of the grid along each of one to three axes; the last one counts the tokens that follow each other */
  readonly grid: readonly number[];
  /** one filter for each channel, [d, 1, ...kernel] with odd sizes; the padding keeps the size of the grid */
  readonly weight: Tensor;
  /** [d] */
  readonly bias: Tensor;
  /** GroupNorm over `groups` groups of channels: weight and bias [d], and what is added to the variance */
  readonly norm: { readonly weight: Tensor; readonly bias: Tensor };
  readonly groups: number;
  readonly eps: number;
}

/**
 * SiLU(GroupNorm(depthwise convolution of x)) in one pass, for tokens of a grid; x [B, n, d] → [B, n, d]. It has gradients. It is
 * the same as `Conv`, `GroupNorm` and `silu` on a map [B, d, ...grid], apart from rounding, and several times as fast.
 * @returns  null if the addon has no kernel: for other devices than a CPU with AVX2 or AVX-512, other dtypes than float32 and (with
 *     AVX512-BF16) bfloat16, channels that do not fill whole vectors of whole groups, and in a trace. Use the modules then
 */
export function convolveTokens(x: Tensor, { grid, weight, bias, norm, groups, eps }: TokenConvolution): Tensor | null {
  return fused('rin::convolution', [x, weight, bias, norm.weight, norm.bias], [eps, groups, ...grid])?.[0] ?? null;
}
