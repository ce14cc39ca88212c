import type { Dtype, Tensor } from '@rin/torch';

/** The latents Z [B, m, d'] and the interface X [B, n, d] that an earlier pass ended with, to start from (paper, section 3). */
export interface Previous {
  readonly latents?: Tensor;
  readonly interface?: Tensor;
}

/**
 * The signal levels γ of a batch, each in [0, 1]: numbers, a tensor [B], or the time codes made from them, [B, d_t/4] as
 * `RIN.timeCode` makes them. A tensor of levels is read by the host, so a trace needs numbers or codes.
 */
export type SignalLevels = readonly number[] | Tensor | { readonly code: Tensor };

/** The inputs of a pass beside x and γ. */
export interface ForwardOptions {
  /** Classes one-hot [B, classes] (a row of zeros = no class), or a sequence [B, conditionTokens, conditionDim]. */
  readonly condition?: Tensor;
  readonly previous?: Previous;
  /** Switches dropout and drop-path on; libtorch's generator draws them. Default: false */
  readonly training?: boolean;
  /** Type of the activations; parameters stay float32. Default: the type of the parameters. */
  readonly dtype?: Dtype;
}

/** The results of a pass. */
export interface Output {
  /** [B, C, ...size] float32 */
  readonly prediction: Tensor;
  /** [B, m, d'] final latents Z */
  readonly latents: Tensor;
  /** [B, n, d] final interface X, patch tokens only */
  readonly interface: Tensor;
}
