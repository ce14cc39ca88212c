import { count, geometry } from '@rin/core';
import type { Config } from '../config/config.js';
import type { PictureTraits } from '../data/traits.js';
import { ownSize } from './proposal.js';

/** What training does to small pictures. */
export interface Enlargement {
  /** how many pictures are enlarged */
  readonly sentence: string;
  /** flags that enlarge fewer; absent if most pictures are not enlarged */
  readonly remedy?: string;
}

/**
 * Counts the pictures that training enlarges.
 * @param sizes pictures by `WIDTH×HEIGHT`
 * @param of    which pictures these are: `pictures`, `pictures that were looked at`
 * @returns undefined if there are none
 */
export function enlargedPictures(
  sizes: PictureTraits['sizes'],
  { model, data }: Pick<Config, 'model' | 'data'>,
  of: string,
): Enlargement | undefined {
  const { size: wanted, patch } = geometry(model);
  if (wanted.length !== 2) return undefined; // pictures do not fit
  const [height, width] = wanted;
  const combine = data.resize === 'fit' ? Math.min : Math.max;
  const smaller = [...sizes].filter(([size]) => {
    const [w, h] = size.split('×').map(Number);
    return combine(width / w, height / h) > 1;
  });
  const sum = (some: readonly (readonly [string, number])[]) => some.reduce((total, [, times]) => total + times, 0);
  const [enlarged, all] = [sum(smaller), sum([...sizes])];
  if (enlarged === 0) return undefined;
  const [[usual]] = smaller.sort(([, a], [, b]) => b - a);
  const sentence = `${count(enlarged)} of ${count(all)} ${of} are smaller than ${width}×${height}, most often ${usual}: training enlarges them`;
  if (2 * enlarged <= all) return { sentence };
  const side = Math.min(...usual.split('×').map(Number));
  const own = ownSize(side, Math.min(...patch));
  const flags = `--size ${own.size}${own.patch < Math.min(...patch) ? ` --model.patch ${own.patch}` : ''}`;
  return { sentence, remedy: `${flags} ${own.size === side ? 'trains at their own size' : 'enlarges none of these'}` };
}
