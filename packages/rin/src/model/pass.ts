import type { Dtype, Recomputation, Tensor } from '@rin/torch';
import type { AttentionWeights } from './attentionWeights.js';

/**
 * What an earlier pass left, as a start (paper, section 3). What is absent is zero. The n tokens are those of the predicted part;
 * tokens of given frames always start anew.
 */
export interface Previous {
  /**
   * [B, m', d'] final latents Z. m' may differ from the latents m of the pass: then the last learned ones are left out, or are
   * zero
   */
  readonly latents?: Tensor;
  /** [B, n, d] final interface X */
  readonly interface?: Tensor;
  /** [B, C, ...size] estimate x̂₀ of the data, in [−b, b], b = input scale */
  readonly data?: Tensor;
}

/**
 * The signal levels γ of a batch, each in [0, 1]: numbers, a tensor [B], or their time codes [B, d_t/4] from `RIN.timeCode`.
 * The host reads a tensor of levels, which a trace cannot record. So a trace needs numbers or codes.
 */
export type SignalLevels = readonly number[] | Tensor | { readonly code: Tensor };

/** The inputs of a pass besides x and γ. */
export interface ForwardOptions {
  /**
   * Classes one-hot [B, classes] (a row of zeros = no class), or a sequence [B, conditionTokens, conditionDim]. With 2B rows, each
   * sample b gets the conditions b and B + b, and the results have 2B samples. What comes before the conditions is computed once.
   */
  readonly condition?: Tensor;
  readonly previous?: Previous;
  /** Given frames [B, C, `givenFrames`, H, W] without noise, in [−b, b]. A network with `givenFrames` needs them. */
  readonly given?: Tensor;
  /**
   * Latents m of the pass, time and condition tokens included: from `fewestLatents` to those of the network. The last learned
   * latents are left out. They neither read, compute nor write. A list has one number for each sample. Default: all
   */
  readonly latents?: number | readonly number[];
  /** Switches dropout and drop-path on; libtorch's generator draws them. Default: false */
  readonly training?: boolean;
  /** Dtype of the activations; parameters stay float32. Default: the dtype of the parameters. */
  readonly dtype?: Dtype;
  /**
   * Keeps only the tokens between the blocks. `recompute.backward(loss)` runs each block again; it replaces `loss.backward()`.
   * In a first pass it frees the tensors of each block.
   */
  readonly recompute?: Recomputation;
  /**
   * Is called for each read and write of the pass, in their order. The pass is the same to the bit with and without it. It does not
   * go with `recompute`, which runs the blocks twice.
   */
  readonly onAttention?: (attention: AttentionWeights) => void;
}

/** The results of a pass. */
export interface Output {
  /** [B, C, ...size] float32, without given frames */
  readonly prediction: Tensor;
  /** [B, m, d'] final latents Z; of samples with different numbers, m is the largest, and zeros stand for those left out */
  readonly latents: Tensor;
  /** [B, n, d] final interface X, patch tokens of the predicted part only */
  readonly interface: Tensor;
}
