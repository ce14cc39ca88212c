import { cat, Module, type Tensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import { Compute, Convolution, Cross, type Mode } from './layers.js';

/** Block i: read, K times compute, write (paper, section 2). A block without compute layers reads only. */
export class Block extends Module {
  readonly conditionRead: Cross | null;
  readonly read: Cross;
  readonly compute: Compute[];
  readonly write: Cross | null;
  readonly convolution: Convolution | null;

  constructor(config: ModelConfig, layers: number, grid: readonly number[], readOnly: boolean) {
    super();
    const {
      latentDim,
      interfaceDim: dim,
      readWriteHeads: heads,
      normalizeKeyValue,
      latentMlpRatio,
      convolutionKernel,
    } = config;
    const read = () => new Cross(latentDim, dim, heads, latentMlpRatio, normalizeKeyValue);
    this.conditionRead = config.decoupledRead && readOnly ? read() : null;
    this.read = read();
    this.compute = Array.from(
      { length: layers },
      () => new Compute(latentDim, config.latentHeads, latentMlpRatio, config),
    );
    this.write = layers > 0 ? new Cross(dim, latentDim, heads, config.interfaceMlpRatio, normalizeKeyValue) : null;
    this.convolution =
      this.write && convolutionKernel > 0 ? new Convolution(dim, convolutionKernel, grid, config.dropout) : null;
  }

  /** Z [B, m, d'], X [B, n + writable, d], readOnly [B, r, d] → the same Z and X, further on */
  forward(Z: Tensor, X: Tensor, readOnly: Tensor | null, tokens: number, mode: Mode, write: boolean): [Tensor, Tensor] {
    if (readOnly && this.conditionRead) {
      Z = this.conditionRead.forward(Z, readOnly, mode); //                                        [B, m, d']
      Z = this.read.forward(Z, X, mode); //                                                        [B, m, d']
    } else {
      Z = this.read.forward(Z, readOnly ? cat([X, readOnly], 1) : X, mode); //                     [B, m, d']
    }
    for (const layer of this.compute) Z = layer.forward(Z, mode); //                               [B, m, d'], never touches the n tokens
    if (this.write && write) {
      X = this.write.forward(X, Z, mode); //                                                       [B, n + writable, d]
      if (this.convolution) {
        const map = this.convolution.forward(X.narrow(1, 0, tokens), mode); //                     [B, n, d]
        X = X.shape[1] > tokens ? cat([map, X.narrow(1, tokens, X.shape[1] - tokens)], 1) : map;
      }
    }
    return [Z, X];
  }
}
