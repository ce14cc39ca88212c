/**
 * A batch of a network's shape. Its contents do not change the time of a step.
 * @param {import('../packages/rin/dist/src/index.js').Config} config
 */
export function syntheticBatch({ model, training: { batch } }) {
  const sides = Array.isArray(model.size) ? model.size : [model.size, model.size];
  const values = model.channels * sides.reduce((product, side) => product * side, 1);
  return {
    pixels: Uint8Array.from({ length: batch * values }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
    labels: Int32Array.from({ length: batch }, (_, i) => i % model.classes),
  };
}
