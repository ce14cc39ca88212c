import { lengthOf } from '@rin/core';
import type { MediumSample } from '../media/medium.js';
import type { SampleAttentionSteps } from './attention.js';
import type { AttentionMap } from './attentionMaps.js';
import { type ObjectShare, type Objects, objectShare, patchMeans } from './objects.js';

/** The attention of one block in one step: means over samples. */
export interface AttentionNumbers {
  /** from 1 */
  readonly step: number;
  /** signal level γ, in [0, 1] */
  readonly gamma: number;
  /** from 0 */
  readonly block: number;
  /** as in `AttentionMap`, in nats */
  readonly entropy: number;
  readonly meanEntropy: number;
  readonly mostEntropy: number;
  /** share of the attention on what is no patch of the predicted part: time and condition tokens, then patches of given frames */
  readonly others: number;
  readonly given?: number;
  /**
   * How much detail the attention meets: the mean standard deviation of the values of a patch of the sample, weighted by attention,
   * divided by the plain mean. 1 = as an even attention. Absent = all patches are flat
   */
  readonly detail?: number;
  /** share of the attention on patches that is on the object, and that of an even attention; absent = nothing says what is object */
  readonly object?: ObjectShare;
}

/**
 * The attention in numbers, in the order of steps and blocks.
 * @param found    of the same steps, from `sampleAttention` or `dataAttention`
 * @param objects  of the data of `dataAttention`. Samples without transparent parts do not count for the share on the object
 */
export function attentionNumbers(found: readonly SampleAttentionSteps[], objects?: Objects): AttentionNumbers[] {
  const places = found.flatMap(({ seed, steps }) =>
    steps.flatMap(({ step, gamma, maps }) =>
      maps.map((map) => ({ key: `${step} ${map.block}`, seed, step, gamma, map })),
    ),
  );
  const groups = new Map<string, typeof places>();
  for (const place of places) groups.set(place.key, [...(groups.get(place.key) ?? []), place]);
  const images = new Map(found.map(({ seed, image }) => [seed, image]));
  const alphas = new Map(objects && found.map(({ seed }) => [seed, objects.alpha(seed)]));
  const rows = [...groups.values()].map((group): AttentionNumbers => {
    const [{ step, gamma, map: first }] = group;
    const mean = (value: (map: AttentionMap) => number): number =>
      group.reduce((sum, { map }) => sum + value(map), 0) / group.length;
    const shares = group.flatMap(({ seed, map }) => shareOf(map, alphas.get(seed)));
    const details = group.flatMap(({ seed, map }) => detailOf(map, images.get(seed)));
    const meanShare = (value: (share: ObjectShare) => number): number =>
      shares.reduce((sum, share) => sum + value(share), 0) / shares.length;
    return {
      ...{ step, gamma, block: first.block },
      ...{ entropy: mean((map) => map.entropy), meanEntropy: mean((map) => map.meanEntropy) },
      ...{ mostEntropy: first.mostEntropy, others: mean((map) => map.others) },
      ...(first.given && first.kind === 'read' && { given: mean((map) => sum(map.given?.values ?? [])) }),
      ...(details.length > 0 && { detail: sum(details) / details.length }),
      ...(shares.length > 0 && {
        object: { share: meanShare(({ share }) => share), chance: meanShare(({ chance }) => chance) },
      }),
    };
  });
  return rows.sort((a, b) => a.step - b.step || a.block - b.block);
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

/** @param alpha [...size] of the whole sample, given frames first */
function shareOf(map: AttentionMap, alpha: Float64Array | undefined): ObjectShare[] {
  if (!alpha || map.isConcentration) return [];
  const length = lengthOf(map.size);
  return [objectShare(map, patchMeans(alpha.subarray(alpha.length - length), map))];
}

/** @param image of the whole sample, given frames first in each channel */
function detailOf(map: AttentionMap, image: MediumSample | undefined): number[] {
  if (!image || map.isConcentration) return [];
  const length = lengthOf(map.size);
  const [channels] = image.shape;
  const plane = image.data.length / channels;
  const values = Array.from({ length: channels }, (_, channel) =>
    Float64Array.from(image.data.subarray((channel + 1) * plane - length, (channel + 1) * plane)),
  );
  const meanOver = (all: Float64Array[]): Float64Array => {
    const means = all.map((each) => patchMeans(each, map));
    return means[0].map((_, patch) => sum(means.map((each) => each[patch])) / channels);
  };
  const [means, squares] = [meanOver(values), meanOver(values.map((each) => each.map((value) => value ** 2)))];
  const deviations = squares.map((square, patch) => Math.sqrt(Math.max(0, square - means[patch] ** 2)));
  const even = sum(deviations) / deviations.length;
  if (even === 0) return [];
  return [sum(map.values.map((value, patch) => value * deviations[patch])) / sum(map.values) / even];
}
