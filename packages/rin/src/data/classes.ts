import { type FoundSource, findFor } from './find.js';
import type { DataOptions } from './progress.js';

/** Most names of classes in a sentence. */
const mostNamed = 8;

/**
 * Finds a source, if it is not open yet, and the names of its classes. No picture is decoded.
 * @param data a source, or the name of one
 * @param size [H, W] of the samples in pixels; [F, H, W] for clips
 * @throws RinError if the source does not exist or is damaged
 */
export async function sourceWithClasses(
  data: string | FoundSource,
  size: readonly number[],
  watch: DataOptions,
): Promise<{ source: FoundSource; names: readonly string[] }> {
  const source = typeof data === 'string' ? await findFor(data, size, watch) : data;
  const listing = await source.list();
  listing.close();
  return { source, names: listing.classes };
}

/** `model.classes` for data with these classes. A single class has no information, so it counts as none. */
export const classCount = (classes: readonly unknown[]): number => (classes.length > 1 ? classes.length : 0);

/** The first few names, in words. */
export const fewNames = (names: readonly string[]): string =>
  (names.length > mostNamed ? [...names.slice(0, mostNamed), '…'] : names).join(', ');

/** A sentence about classes that a configuration takes from the data. */
export const classesNotice = (names: readonly string[]): string =>
  `model.classes is ${classCount(names)}, from the data${names.length > 1 ? `: ${fewNames(names)}` : ''}`;
