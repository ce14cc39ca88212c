import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { durationKeys, imagesOf } from '../config/duration.js';
import { valueAt } from '../config/parse.js';

/**
 * Whether two configurations agree in a key. Durations also agree if they are the same number of images, each in its own run:
 * 760 images are 2% of 38,000.
 */
export function isSameSetting(path: string, one: Config, other: Config): boolean {
  if (isDeepStrictEqual(valueAt(one, path), valueAt(other, path))) return true;
  const key = durationKeys.find((name) => path === `training.${name}`);
  return (
    key !== undefined && imagesOf(one.training[key], one.training) === imagesOf(other.training[key], other.training)
  );
}
