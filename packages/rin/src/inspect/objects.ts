import { lengthOf } from '@rin/core';
import type { Config } from '../config/config.js';
import { isBuiltIn } from '../data/builtIn.js';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/open.js';
import type { DataOptions } from '../data/progress.js';
import type { PatchMap } from './attentionMaps.js';

/** Samples of data with what is object in them. Dispose them, because they may hold open files. */
export interface Objects extends Disposable {
  /**
   * How much of each pixel belongs to the object: alpha, 0 to 1, [...size]; undefined = the sample has no transparent parts, so
   * nothing says what is object
   */
  alpha(index: number): Float64Array | undefined;
}

/** Most samples of a source whose transparency is looked for, because all of them are decoded twice more. */
const mostSamples = 10_000;

/**
 * Finds what is object in the samples of a source. They are opened on white and on black: what differs is transparent. So alpha is
 * that of the scaled sample, to a 255th.
 * @returns undefined if nothing is transparent: sounds, sources without transparency, or more than 10,000 samples
 * @throws RinError as `openDataset`
 */
export async function openObjects(
  source: string,
  data: Dataset,
  { model, data: how }: Pick<Config, 'model' | 'data'>,
  options: DataOptions & { readonly onNotice?: (sentence: string) => void } = {},
): Promise<Objects | undefined> {
  const [channels, ...size] = data.shape;
  if (size.length === 1 || (data.length > mostSamples && !isBuiltIn(source))) return undefined;
  const open = (background: string): Promise<Dataset> =>
    openDataset(source, { size, channels: model.channels, data: { ...how, background }, ...options });
  const white = await open('#ffffff');
  let black: Dataset | undefined;
  try {
    black = await open('#000000');
  } finally {
    if (!black) white.close();
  }
  const values = channels * lengthOf(size);
  const [on, off] = [new Uint8Array(values), new Uint8Array(values)];
  const dark = black;
  return {
    alpha(index) {
      white.read(index, on);
      dark.read(index, off);
      const plane = values / channels;
      const alpha = Float64Array.from({ length: plane }, (_, pixel) => {
        let difference = 0;
        for (let at = pixel; at < values; at += plane) difference += on[at] - off[at];
        return 1 - Math.min(1, Math.max(0, difference / channels / 255));
      });
      return alpha.every((each) => each === 1) ? undefined : alpha;
    },
    [Symbol.dispose]() {
      white.close();
      dark.close();
    },
  };
}

/**
 * Means of the pixels of each patch.
 * @param values  [...size] of the part
 * @returns       one number for each patch, in raster order; the last slice of a clip may have fewer frames
 */
export function patchMeans(values: Float64Array, { size, grid, patch }: Omit<PatchMap, 'values'>): Float64Array {
  const patches = lengthOf(grid);
  const [sums, counts] = [new Float64Array(patches), new Float64Array(patches)];
  for (const [at, value] of values.entries()) {
    let [rest, place, stride] = [at, 0, 1];
    for (let axis = size.length - 1; axis >= 0; axis--) {
      place += Math.floor((rest % size[axis]) / patch[axis]) * stride;
      rest = Math.floor(rest / size[axis]);
      stride *= grid[axis];
    }
    sums[place] += value;
    counts[place] += 1;
  }
  return sums.map((sum, place) => sum / counts[place]);
}

/** How much of an attention is on the object. */
export interface ObjectShare {
  /** share of the attention on patches that is on the object, 0 to 1; within a patch it counts as even */
  readonly share: number;
  /** the same for an even attention: the share of the area that is object */
  readonly chance: number;
}

/** The share of an attention on the object. @param objects  how much of each patch is object, 0 to 1 */
export function objectShare({ values }: PatchMap, objects: Float64Array): ObjectShare {
  const total = values.reduce((sum, value) => sum + value, 0);
  const inside = values.reduce((sum, value, i) => sum + value * objects[i], 0);
  return { share: inside / total, chance: objects.reduce((sum, value) => sum + value, 0) / objects.length };
}
