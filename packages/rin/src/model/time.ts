import { cat, type Dtype, Module, type Tensor, tensor } from '@rin/torch';
import { Constant } from './constant.js';
import { Linear } from './layers.js';
import { sinCosFrequencies } from './tokenizer.js';

/** γ → token: sin-cos code, normalised over its channels, Dense → SiLU → Dense. */
export class Time extends Module {
  readonly dense0: Linear;
  readonly dense1: Linear;
  readonly #frequencies: Constant;

  constructor(dim: number, scaling: number) {
    super();
    this.dense0 = new Linear(dim / 4, dim);
    this.dense1 = new Linear(dim, dim);
    this.#frequencies = new Constant(
      tensor(Float64Array.from(sinCosFrequencies(dim / 4), (frequency) => frequency * scaling)),
    );
  }

  /** gamma [B] → [B, 1, dim]. The code is float64 until it is normalised: γ·1000 has no digits to spare. */
  forward(gamma: Tensor, dtype: Dtype): Tensor {
    const angles = gamma.to('float64').unsqueeze(1).mul(this.#frequencies.on(gamma.device));
    const code = cat([angles.sin(), angles.cos()], 1); //                                          [B, dim/4]
    const centred = code.sub(code.mean(1, { keepdim: true }));
    const normalised = centred.div(code.std(1, { correction: 0, keepdim: true })).to(dtype);
    return this.dense1.forward(this.dense0.forward(normalised).silu()).unsqueeze(1); //            [B, 1, dim]
  }
}
