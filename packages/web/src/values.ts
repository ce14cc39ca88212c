import type { Arithmetic } from '@rin/core';

/** Values of a batch: an array of float32 with element-wise arithmetic, rounded as in libtorch. */
export class Values implements Arithmetic<Values> {
  constructor(readonly data: Float32Array) {}

  add(other: Values, { alpha }: { readonly alpha: number }): Values {
    const factor = Math.fround(alpha);
    return this.#with(other, (a, b) => a + factor * b);
  }

  sub(other: Values): Values {
    return this.#with(other, (a, b) => a - b);
  }

  mul(factor: Values | number): Values {
    return this.#with(factor, (a, b) => a * b);
  }

  div(divisor: Values | number): Values {
    return this.#with(divisor, (a, b) => a / b);
  }

  clamp(low: number, high: number): Values {
    return new Values(this.data.map((value) => Math.min(Math.max(value, low), high)));
  }

  #with(other: Values | number, compute: (a: number, b: number) => number): Values {
    if (typeof other === 'number') {
      const rounded = Math.fround(other);
      return new Values(this.data.map((value) => compute(value, rounded)));
    }
    const { data } = other;
    return new Values(this.data.map((value, i) => compute(value, data[i])));
  }
}

/** Each sample divided by its standard deviation (`normalizeInput: sample`). @param samples in the batch */
export function standardised({ data }: Values, samples: number): Values {
  const length = data.length / samples;
  const out = new Float32Array(data.length);
  for (let i = 0; i < samples; i++) {
    const sample = data.subarray(i * length, (i + 1) * length);
    const mean = sample.reduce((sum, value) => sum + value, 0) / length;
    const deviation = Math.sqrt(sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length);
    for (let j = 0; j < length; j++) out[i * length + j] = sample[j] / Math.fround(deviation);
  }
  return new Values(out);
}

/** [−b, b] to bytes 0 … 255, rounded half to even and limited. @param inputScale b */
export function toBytes(x: Float32Array, inputScale: number): Uint8Array {
  const factor = Math.fround(255 / (2 * inputScale));
  // An array of this type rounds as libtorch does.
  return new Uint8Array(Uint8ClampedArray.from(x, (value) => Math.fround(Math.fround(value * factor) + 127.5)).buffer);
}

/** Bytes 0 … 255 to (2·byte/255 − 1)·b. */
export function fromBytes(bytes: Uint8Array, inputScale: number): Float32Array {
  const factor = Math.fround((2 * inputScale) / 255);
  return Float32Array.from(bytes, (byte) => Math.fround(byte * factor) - inputScale);
}
