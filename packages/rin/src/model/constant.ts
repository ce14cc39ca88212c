import { type Device, keep, storableDtype, type Tensor } from '@rin/torch';

/** A fixed tensor, which moves to the device that uses it. */
export class Constant {
  #value: Tensor;

  constructor(value: Tensor) {
    this.#value = keep(value);
  }

  on(device: Device): Tensor {
    if (this.#value.device !== device) {
      const moved = keep(this.#value.to(storableDtype(this.#value.dtype, device)).to(device));
      this.#value.dispose();
      this.#value = moved;
    }
    return this.#value;
  }
}
