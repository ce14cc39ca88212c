import { dropout, type Initial, initial, LayerNorm, Linear, Module, type Tensor } from '@rin/torch';

/** The mode of a pass. Training switches dropout and drop-path on. */
export interface Mode {
  readonly training: boolean;
  /** Gets a function that computes the weights of an attention, `attentionWeights`; absent = nobody looks. */
  readonly look?: (weights: () => Tensor) => void;
}

/** Uniform initial values in ±√(6/fans), with variance 2/fans. */
export const uniform = (fans: number): Initial => initial.uniform(Math.sqrt(6 / fans));

/** A linear layer without values; `initialise` draws them. Default: Glorot & Bengio 2010, eq. 16 */
export const linear = (inputs: number, outputs: number, values?: Initial): Linear =>
  new Linear(inputs, outputs, { initial: values, seed: null });

/** LayerNorm with eps 1e-6 (reference: the authors' code). Its weight starts at `gain`; with 0 its output starts at 0. */
export const layerNorm = (dim: number, gain: 0 | 1 = 1): LayerNorm =>
  new LayerNorm(dim, { eps: 1e-6, initial: initial.constant(gain), seed: null });

/** MLP(x) = W₂·dropout(GELU(W₁·LN(x))), with hidden width ratio·dim and the exact GELU (reference: the authors' code). */
export class Mlp extends Module {
  readonly norm: LayerNorm;
  readonly up: Linear;
  readonly down: Linear;
  #dropout: number;

  constructor(dim: number, ratio: number, rate = 0) {
    super();
    const hidden = Math.round(dim * ratio);
    this.norm = layerNorm(dim);
    this.up = linear(dim, hidden);
    this.down = linear(hidden, dim);
    this.#dropout = rate;
  }

  /** MLP(x); x [..., dim] → [..., dim] */
  forward(x: Tensor, mode: Mode): Tensor {
    return this.down.forward(this.#hidden(x, mode));
  }

  /** x + MLP(x); x [..., dim] → [..., dim] */
  residual(x: Tensor, mode: Mode): Tensor {
    return this.down.addedTo(x, this.#hidden(x, mode));
  }

  /** x [..., dim] → [..., ratio·dim] */
  #hidden(x: Tensor, mode: Mode): Tensor {
    return dropped(this.up.gelu(this.norm.forward(x)), this.#dropout, mode);
  }
}

/** Dropout (Srivastava et al. 2014) in training. The values that are kept are divided by 1 − rate. */
export const dropped = (x: Tensor, rate: number, { training }: Mode): Tensor =>
  training && rate > 0 ? dropout(x, rate, true) : x;
