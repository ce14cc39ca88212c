// @ts-check
// The error of a model on pictures, by noise level: the mean square of x − x̂₀ with pixels in [−1, 1], at given signal levels γ.
// All models see the same pictures and the same noise. Schedules, losses and predictions of training do not matter to it. A model
// whose input scale is not 1 is asked at the level where the ratio of signal to noise is the same.
import { purposes } from '@rin/core';
import { empty, noGrad, philoxNormal, scope, tensor } from '@rin/torch';
import { conditionOf } from '../packages/rin/dist/src/diffusion/condition.js';
import { firstPass } from '../packages/rin/dist/src/diffusion/firstPass.js';
import {
  addNoise,
  levels,
  networkInput,
  readPrediction,
  toSignal,
} from '../packages/rin/dist/src/diffusion/process.js';

/** Signal levels γ at input scale 1, from almost noise to almost the picture. */
export const signalLevels = [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98];

/**
 * @param {import('../packages/rin/dist/src/index.js').Model} model
 * @param {import('../packages/rin/dist/src/index.js').Dataset} data
 * @param {{ first: number, count: number, batch?: number, passes: number }} options
 *     pictures `first` to `first + count − 1`; passes: 1 = from zeros, 2 = warm-started from a first pass at the same level, …
 * @returns {number[]} one error for each of `signalLevels`
 */
export function lossByLevel({ network: rin, config, meanSquare }, data, { first, count, batch = 50, passes }) {
  const { diffusion } = config;
  const { axes } = rin.sample;
  const length = data.shape.reduce((product, side) => product * side, 1);
  const sums = signalLevels.map(() => 0);
  for (let at = first; at < first + count; at += batch) {
    const places = Array.from({ length: Math.min(batch, first + count - at) }, (_, i) => at + i);
    const pixels = new Uint8Array(places.length * length);
    for (const [i, place] of places.entries()) data.read(place, pixels.subarray(i * length, (i + 1) * length));
    const labels = Int32Array.from(places, (place) => data.label(place));
    for (const [k, gamma] of signalLevels.entries()) {
      const mean = scope(() =>
        noGrad(() => {
          const x = toSignal(tensor(pixels, [places.length, ...data.shape]), diffusion.inputScale);
          const samples = places;
          const eps = philoxNormal(empty(x.shape), { seed: 1, samples, step: k, purpose: purposes.noise });
          const all = (/** @type {number} */ value) => places.map(() => value);
          const facts = { inputScale: diffusion.inputScale, axes, meanSquare, device: rin.device };
          const total = gamma + diffusion.inputScale ** 2 * (1 - gamma);
          const level = levels(all(gamma / total), all(1 - gamma / total), facts);
          const xt = addNoise(x, eps, level);
          const input = networkInput(xt, diffusion, level);
          const condition = conditionOf(rin, { pixels, labels }, () => false);
          const given = condition && { condition };
          let previous;
          for (let pass = 1; pass < passes; pass++)
            previous = firstPass(rin, diffusion, { input, xt, at: level }, { ...given, ...(previous && { previous }) });
          const { prediction } = rin.forward(input, level.gamma, { ...given, ...(previous && { previous }) });
          const { x0 } = readPrediction(prediction, xt, diffusion.prediction, level, diffusion.inputScale);
          return x.sub(x0).div(diffusion.inputScale).square().mean().item();
        }),
      );
      sums[k] += mean * places.length;
    }
  }
  return sums.map((sum) => sum / count);
}
