import { timeCode } from '@rin/core';
import { type Device, type Dtype, type Linear, Module, storableDtype, type Tensor, tensor } from '@rin/torch';
import { linear } from './layers.js';

/**
 * The time token (reference: the authors' code): token = W₂·SiLU(W₁·code(γ)). `timeCode` of @rin/core computes the code.
 *
 *     code [B, d_t/4]      token [B, 1, d_t]      d_t = d' on the latents, d on the interface
 */
export class Time extends Module {
  readonly dense0: Linear;
  readonly dense1: Linear;
  readonly #scaling: number;

  constructor(dim: number, scaling: number) {
    super();
    this.dense0 = linear(dim / 4, dim);
    this.dense1 = linear(dim, dim);
    this.#scaling = scaling;
  }

  /** Channels of the code, d_t/4. */
  get channels(): number {
    return this.dense0.weight.shape[1];
  }

  /** The codes of signal levels, [B, d_t/4] float64; float32 on MPS. */
  code(gammas: ArrayLike<number>, device: Device): Tensor {
    const code = timeCode(gammas, this.channels, this.#scaling);
    const storable = storableDtype('float64', device) === 'float64' ? code : Float32Array.from(code);
    return tensor(storable, [gammas.length, this.channels], { device });
  }

  /** code [B, d_t/4] → [B, 1, d_t] in `dtype` */
  forward(code: Tensor, dtype: Dtype): Tensor {
    return this.dense1.forward(this.dense0.forward(code.to(dtype)).silu()).unsqueeze(1);
  }
}
