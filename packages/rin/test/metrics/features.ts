import type { Features } from '../../src/metrics/features.js';

/** The features that `others.py` makes: sums of four uniforms, the later ones wider and shifted by the seed. */
export function madeFeatures(count: number, width: number, seed: number): Features {
  let state = seed;
  const values = Float32Array.from({ length: count * width }, (_, i) => {
    let total = 0;
    for (let draw = 0; draw < 4; draw++) {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      total += state >>> 20;
    }
    return (total / 4096 - 2) * (1 + (i % width) / 8) + ((seed % 2) * (i % width)) / 16;
  });
  return { count, width, values };
}

/** Rows of numbers as features. */
export const rowsOf = (rows: readonly (readonly number[])[]): Features => ({
  count: rows.length,
  width: rows[0]?.length ?? 0,
  values: Float32Array.from(rows.flat()),
});
