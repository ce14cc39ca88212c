// @ts-check
// Which parts of the built-in pictures a model reads: the table of docs/attention.md. Patches are inside the object, on its border, or
// background. Patches inside are also sorted by the standard deviation of their values: the most detailed quarter and the
// flattest one. Numbers are means over patches, as multiples of an even attention.
//     node bench/attentionParts.mjs [MODEL] [STEPS]
import { dataAttention, findModel, loadModel, openDataset, openObjects, patchMeans } from 'rin';

const [name = 'packages/rin/models/emoji-64.safetensors', listed = '1,7,20,33'] = process.argv.slice(2);
const model = await loadModel(await findModel(name));
const { config } = model;
const [channels, ...size] = model.network.sample.shape;
const data = await openDataset('emoji', { size, channels, data: config.data });
const objects = await openObjects('emoji', data, config);
const samples = Array.from({ length: data.length }, (_, i) => i);
const found = await dataAttention(model, data, { samples, at: listed.split(',').map(Number) });

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Standard deviation of the values of each patch.
 * @param {Uint8Array} pixels
 * @param {import('rin').PatchMap} map
 */
function deviations(pixels, map) {
  const plane = pixels.length / channels;
  const planes = Array.from({ length: channels }, (_, c) =>
    Float64Array.from(pixels.subarray(c * plane, (c + 1) * plane)),
  );
  const means = planes.map((values) => patchMeans(values, map));
  const squares = planes.map((values) =>
    patchMeans(
      values.map((value) => value ** 2),
      map,
    ),
  );
  return map.values.map((_, i) => {
    const average = mean(means.map((each) => each[i]));
    return Math.sqrt(Math.max(0, mean(squares.map((each) => each[i])) - average ** 2));
  });
}

for (const [place, { step, gamma, maps }] of found[0].steps.entries()) {
  for (const [i, { block }] of maps.entries()) {
    /** @type {Record<string, number[]>} */
    const parts = { inside: [], border: [], background: [], detailed: [], flat: [] };
    for (const { seed, image, steps } of found) {
      const map = steps[place].maps[i];
      const alpha = objects?.alpha(seed);
      if (!alpha) continue;
      const shares = patchMeans(alpha, map);
      const detail = deviations(image.data, map);
      const even = map.values.map((value) => value * Math.exp(map.mostEntropy));
      const inside = [...shares.keys()].filter((patch) => shares[patch] > 0.98);
      for (const [patch, share] of shares.entries())
        parts[share > 0.98 ? 'inside' : share < 0.02 ? 'background' : 'border'].push(even[patch]);
      const sorted = inside.sort((a, b) => detail[b] - detail[a]);
      const quarter = Math.floor(sorted.length / 4);
      if (quarter === 0) continue;
      parts.detailed.push(...sorted.slice(0, quarter).map((patch) => even[patch]));
      parts.flat.push(...sorted.slice(-quarter).map((patch) => even[patch]));
    }
    const told = Object.entries(parts).map(
      ([part, values]) => `${part} ${mean(values).toFixed(2)} of ${values.length}`,
    );
    console.log(`step ${step}, gamma ${gamma.toFixed(3)}, block ${block}: ${told.join(', ')}`);
  }
}
objects?.[Symbol.dispose]();
data.close();
