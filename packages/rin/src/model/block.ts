import { cat, Module, type Tensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import { Compute, ReadWrite } from './attention.js';
import type { AttentionKind } from './attentionWeights.js';
import { Convolution } from './convolution.js';
import type { Mode } from './layers.js';

/** The tokens between two blocks. */
export interface Tokens {
  /** [B, m, d'] latents */
  readonly Z: Tensor;
  /** [B, n + g + w, d] interface: n patch tokens, g tokens of given frames, then w writable time and condition tokens */
  readonly X: Tensor;
  /** [B, r, d] time and condition tokens that are read and never written; null if r = 0 */
  readonly readOnly: Tensor | null;
}

/** Options of a pass through a block. */
export interface BlockPass {
  /** patch tokens n of the predicted part; the convolution acts on them alone */
  readonly tokens: number;
  readonly mode: Mode;
  /** false skips the write, for a pass whose interface is not used */
  readonly withWrite: boolean;
  /** bool [B, 1, 1, m]: false = this latent is left out, so nothing attends to it; null = all are used. Default: null */
  readonly used?: Tensor | null;
  /** Gets the weights of each read and write, `attentionWeights`; absent = nobody looks. */
  readonly look?: (kind: AttentionKind, weights: () => Tensor) => void;
}

/**
 * A block (paper, section 2): read, K times compute, write.
 *
 *     read      Z ← ReadWrite(Z, [X; readOnly])
 *     compute   Z ← Compute(Z), K times
 *     write     X ← ReadWrite(X, Z), then the convolution, if there is one
 *
 *     Z [B, m, d'] latents      X [B, n + g + w, d] interface      K = `layers`
 *
 * With `decoupledRead` a separate attention reads the read-only tokens first, and the main read sees only X. A block without
 * compute layers only reads.
 */
export class Block extends Module {
  readonly conditionRead: ReadWrite | null;
  readonly read: ReadWrite;
  readonly compute: Compute[];
  readonly write: ReadWrite | null;
  readonly convolution: Convolution | null;

  /**
   * @param layers       compute layers K
   * @param grid         patches of the predicted part along each axis
   * @param hasReadOnly  whether there are read-only tokens
   */
  constructor(config: ModelConfig, layers: number, grid: readonly number[], hasReadOnly: boolean) {
    super();
    const {
      latentDim,
      interfaceDim: dim,
      readWriteHeads: heads,
      normalizeKeyValue,
      latentMlpRatio,
      convolutionKernel,
    } = config;
    const read = () => new ReadWrite(latentDim, dim, heads, latentMlpRatio, normalizeKeyValue);
    this.conditionRead = config.decoupledRead && hasReadOnly ? read() : null;
    this.read = read();
    this.compute = Array.from(
      { length: layers },
      () => new Compute(latentDim, config.latentHeads, latentMlpRatio, config),
    );
    this.write = layers > 0 ? new ReadWrite(dim, latentDim, heads, config.interfaceMlpRatio, normalizeKeyValue) : null;
    this.convolution =
      this.write && convolutionKernel > 0 ? new Convolution(dim, convolutionKernel, grid, config.dropout) : null;
  }

  /** @returns the tokens after the block, of the same shapes */
  forward({ Z, X, readOnly }: Tokens, { tokens, mode, withWrite, used, look }: BlockPass): Tokens {
    const seen = (kind: AttentionKind): Mode => (look ? { ...mode, look: (weights) => look(kind, weights) } : mode);
    if (readOnly && this.conditionRead) {
      Z = this.conditionRead.forward(Z, readOnly, seen('conditionRead')); //                       [B, m, d']
      Z = this.read.forward(Z, X, seen('read')); //                                                [B, m, d']
    } else {
      Z = this.read.forward(Z, readOnly ? cat([X, readOnly], 1) : X, seen('read')); //             [B, m, d']
    }
    for (const layer of this.compute) Z = layer.forward(Z, mode, used); //                         [B, m, d'], never touches the n tokens
    if (this.write && withWrite) {
      X = this.write.forward(X, Z, seen('write'), used); //                                        [B, n + g + w, d]
      if (this.convolution) {
        const map = this.convolution.forward(X.narrow(1, 0, tokens), mode); //                     [B, n, d]
        X = X.shape[1] > tokens ? cat([map, X.narrow(1, tokens, X.shape[1] - tokens)], 1) : map;
      }
    }
    return { Z, X, readOnly };
  }
}
