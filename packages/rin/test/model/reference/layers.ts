import { gelu } from './erf.js';
import { indices, offset, type Tokens, type Values } from './values.js';

/** Looks a parameter up by its name; throws when it is missing. */
export type Lookup = (name: string) => Values;

export function add(a: Tokens, b: Tokens): Tokens {
  return a.map((row, t) => row.map((value, c) => value + b[t][c]));
}

export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** y = W x + b for every token; W [out, in]. */
export function dense(p: Lookup, name: string, x: Tokens): Tokens {
  const weight = p(`${name}.weight`);
  const bias = p(`${name}.bias`);
  const [outputs, inputs] = weight.shape;
  return x.map((row) => {
    const y = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) {
      let sum = bias.data[o];
      for (let i = 0; i < inputs; i++) sum += weight.data[o * inputs + i] * row[i];
      y[o] = sum;
    }
    return y;
  });
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, variance };
}

/** Zero mean and unit population deviation, no epsilon. */
export function standardize(x: Float64Array): Float64Array {
  const { mean, variance } = moments([...x]);
  return x.map((value) => (value - mean) / Math.sqrt(variance));
}

/** LayerNorm over the channels of each token, eps 1e-6, affine. */
export function layerNorm(p: Lookup, name: string, x: Tokens): Tokens {
  const gain = p(`${name}.weight`).data;
  const shift = p(`${name}.bias`).data;
  return x.map((row) => {
    const { mean, variance } = moments([...row]);
    return row.map((value, c) => ((value - mean) / Math.sqrt(variance + 1e-6)) * gain[c] + shift[c]);
  });
}

/** GroupNorm over the channels of a group and all tokens, eps 1e-5, affine. */
export function groupNorm(p: Lookup, name: string, groups: number, x: Tokens): Tokens {
  const gain = p(`${name}.weight`).data;
  const shift = p(`${name}.bias`).data;
  const width = x[0].length / groups;
  const y = x.map((row) => new Float64Array(row.length));
  for (let group = 0; group < groups; group++) {
    const first = group * width;
    const { mean, variance } = moments(x.flatMap((row) => [...row.subarray(first, first + width)]));
    for (let t = 0; t < x.length; t++) {
      for (let c = first; c < first + width; c++) {
        y[t][c] = ((x[t][c] - mean) / Math.sqrt(variance + 1e-5)) * gain[c] + shift[c];
      }
    }
  }
  return y;
}

/** Gets the softmax weights of an attention: by its name, for each query and head, over the keys. */
export type Watch = (name: string, query: number, head: number, weights: readonly number[]) => void;

/** softmax(q·kᵀ/√head_dim)·v for each head, then the output projection. Head h has channels h·head_dim onwards. */
export function attention(
  p: Lookup,
  name: string,
  heads: number,
  query: Tokens,
  keyValue: Tokens,
  watch: Watch = () => {},
): Tokens {
  const q = dense(p, `${name}.q`, query);
  const k = dense(p, `${name}.k`, keyValue);
  const v = dense(p, `${name}.v`, keyValue);
  const width = q[0].length;
  const headDim = width / heads;
  const mixed = q.map((row, place) => {
    const y = new Float64Array(width);
    for (let head = 0; head < heads; head++) {
      const first = head * headDim;
      const scores = k.map((key) => {
        let dot = 0;
        for (let c = first; c < first + headDim; c++) dot += row[c] * key[c];
        return dot / Math.sqrt(headDim);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      watch(
        name,
        place,
        head,
        weights.map((weight) => weight / total),
      );
      for (let c = first; c < first + headDim; c++) {
        y[c] = v.reduce((sum, value, s) => sum + (weights[s] / total) * value[c], 0);
      }
    }
    return y;
  });
  return dense(p, `${name}.out`, mixed);
}

/** The pre-norm feed-forward block without its residual: down(GELU(up(LN(x)))). */
export function mlp(p: Lookup, name: string, x: Tokens): Tokens {
  const hidden = dense(p, `${name}.up`, layerNorm(p, `${name}.norm`, x));
  return dense(
    p,
    `${name}.down`,
    hidden.map((row) => row.map(gelu)),
  );
}

/** Depthwise convolution of the tokens as a map, kernel [d, 1, k, …] with k odd, zeros around. */
export function depthwise(p: Lookup, name: string, grid: readonly number[], x: Tokens): Tokens {
  const weight = p(`${name}.weight`);
  const bias = p(`${name}.bias`);
  const window = weight.shape.slice(2);
  return indices(grid).map((place) => {
    const y = bias.data.slice();
    for (const tap of indices(window)) {
      const from = place.map((at, axis) => at + tap[axis] - (window[axis] - 1) / 2);
      if (from.some((at, axis) => at < 0 || at >= grid[axis])) continue;
      const row = x[offset(grid, from)];
      for (let c = 0; c < y.length; c++) y[c] += weight.data[offset(weight.shape, [c, 0, ...tap])] * row[c];
    }
    return y;
  });
}
