import { setImmediate as turn } from 'node:timers/promises';
import type { DataOptions } from '../progress.js';
import { naturalOrder } from './source.js';

/** Number of names that are sorted at once. This takes about 50 ms. */
const atOnce = 2 ** 14;

/**
 * Sorts names in natural order (see `naturalOrder`). Millions of names take long, so it pauses for other work.
 * @throws the reason of `signal` if it is aborted
 */
export async function sorted(names: readonly string[], { signal }: DataOptions): Promise<string[]> {
  let runs: string[][] = [];
  for (let start = 0; start < names.length; start += atOnce) {
    runs.push(names.slice(start, start + atOnce).sort(naturalOrder));
    await pause(signal);
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(i + 1 < runs.length ? await merge(runs[i], runs[i + 1], signal) : runs[i]);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function merge(a: readonly string[], b: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const out: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    out.push(naturalOrder(a[i], b[j]) <= 0 ? a[i++] : b[j++]);
    if (out.length % atOnce === 0) await pause(signal);
  }
  for (; i < a.length; i++) out.push(a[i]);
  for (; j < b.length; j++) out.push(b[j]);
  return out;
}

async function pause(signal?: AbortSignal): Promise<void> {
  await turn();
  signal?.throwIfAborted();
}
