import { z } from 'zod';

const units: Record<string, number> = { '': 1, k: 1e3, M: 1e6 };

/** The number that text such as `200k` or `1.5M` means. Any other value is returned unchanged. */
export function parsedImages(value: unknown): unknown {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)([kM]?)$/.exec(value) : null;
  return match ? Math.round(Number(match[1]) * units[match[2]]) : value;
}

/** A number of images of at least `min`: an integer, or text such as `200k` or `1.5M`. */
export const imageCount = (min: number) =>
  z
    .preprocess(parsedImages, z.int().min(min))
    .meta({ placeholder: 'IMAGES', expected: 'a number of images such as 5000, 200k or 1.5M' });
