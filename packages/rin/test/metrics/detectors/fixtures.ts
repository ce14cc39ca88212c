import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import type { Detector, DetectorRequest } from '../../../src/metrics/detectors/detector.js';
import { openDetector } from '../../../src/metrics/detectors/openDetector.js';

/** A file beside the sources of these tests. */
export const beside = (name: string): string =>
  fileURLToPath(new URL(`../../../../test/metrics/detectors/${name}`, import.meta.url));

export const json = (name: string): unknown => JSON.parse(readFileSync(beside(name), 'utf8'));

/** A picture [channels, height, width] by a formula of whole numbers, as in reference.py. */
export function picture(index: number, [channels, height, width]: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const value = x * x * (c + 1) + y * y * (index + 2) + x * y * 3;
        bytes[(c * height + y) * width + x] = Math.floor(value / 4) % 256;
      }
  return bytes;
}

/** A clip [3, frames, height, width], as in reference.py. */
export function clip(index: number, [channels, frames, height, width]: readonly number[]): Uint8Array {
  const plane = height * width;
  const bytes = new Uint8Array(channels * frames * plane);
  for (let t = 0; t < frames; t++) {
    const frame = picture(index + t, [channels, height, width]);
    for (let c = 0; c < channels; c++) bytes.set(frame.subarray(c * plane, (c + 1) * plane), (c * frames + t) * plane);
  }
  return bytes;
}

/** A detector whose weights are fetched; or why they cannot be. Other errors are thrown. */
export async function fetchedDetector(request: DetectorRequest): Promise<Detector | string> {
  try {
    return await openDetector(request);
  } catch (error) {
    if (error instanceof RinError && error.message.includes('cannot be fetched')) return error.message;
    throw error;
  }
}

/** The largest difference of two lists, relative to the length of the second as a vector, per root of its count. */
export function difference(found: ArrayLike<number>, expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0) / expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i] - value)), 0) / size;
}
