/** An array of numbers with its shape, last axis fastest. */
export interface Values {
  shape: number[];
  data: Float64Array;
}

/** Tokens of one sample: one row of channels for each token. */
export type Tokens = Float64Array[];

/** All multi-indices of a box in raster order: the last coordinate runs fastest. */
export function indices(box: readonly number[]): number[][] {
  let all: number[][] = [[]];
  for (const length of box) {
    all = all.flatMap((head) => Array.from({ length }, (_, i) => [...head, i]));
  }
  return all;
}

/** Where a multi-index lies in a flat array of this shape. */
export function offset(shape: readonly number[], index: readonly number[]): number {
  let at = 0;
  for (let axis = 0; axis < shape.length; axis++) at = at * shape[axis] + index[axis];
  return at;
}

export function product(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a * b, 1);
}

/** Sample b of [B, tokens, channels] as rows. */
export function sampleTokens(values: Values, b: number): Tokens {
  const [, tokens, channels] = values.shape;
  return Array.from({ length: tokens }, (_, token) => {
    const start = (b * tokens + token) * channels;
    return values.data.slice(start, start + channels);
  });
}

/** Rows of several samples as [B, tokens, channels]. */
export function stackTokens(samples: Tokens[]): Values {
  const shape = [samples.length, samples[0].length, samples[0][0].length];
  return { shape, data: Float64Array.from(samples.flatMap((rows) => rows.flatMap((row) => [...row]))) };
}
