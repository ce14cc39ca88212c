import { z } from 'zod';
import { parsedImages } from './imageCount.js';

/** A length within a run: a number of images, or a share of the run such as `2%`. */
export type Duration = number | `${number}%`;

/** The keys of `training` that are durations. */
export const durationKeys = ['warmup', 'logEvery', 'sampleEvery', 'evaluateEvery', 'checkpointEvery'] as const;

/** A duration as a schema, with at least `min` images. A share has at most 4 decimals and is kept as text. */
export const duration = (min: 0 | 1) =>
  z
    .preprocess(
      (value) => parsedShare(value) ?? parsedImages(value),
      z.union([z.int().min(min), z.custom<`${number}%`>((value) => parsedShare(value) === value)]),
    )
    .meta({
      placeholder: 'IMAGES|SHARE%',
      expected: `a number of images such as 5000, 200k or 1.5M${min > 0 ? `, at least ${min}` : ''}, or a share of the run such as 2%, above 0% and at most 100%, with at most 4 decimals`,
    });

/** A valid share in its shortest form, so that equal shares are equal texts; undefined for any other value. */
function parsedShare(value: unknown): `${number}%` | undefined {
  const match = typeof value === 'string' ? /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(value) : null;
  const percent = Number(match?.[1]);
  return percent > 0 && percent <= 100 ? `${percent}%` : undefined;
}

/**
 * The images of a duration. A share is rounded up to a whole image, so it is never 0, and what happens every quarter of a run
 * happens at most four times.
 * @param run its length in images
 */
export function imagesOf(duration: Duration, run: { readonly images: number }): number {
  if (typeof duration === 'number') return duration;
  const share = Math.round(Number.parseFloat(duration) * 1e4); // in millionths: whole, so products are exact
  return Math.ceil((run.images * share) / 1e6);
}
