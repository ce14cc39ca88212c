import { UsageError } from '@rin/core';

/** More pictures in one call are rather a mistake, and their seeds alone would fill the memory. */
const most = 1_000_000;

/**
 * Seeds from text such as `0-63` or `3,8,100-107`, in the order of the text.
 * @throws {UsageError} where it is something else, a seed comes twice, or there are more than a million
 */
export function parseSeeds(text: string): number[] {
  const seeds: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const [first, last] = match ? [Number(match[1]), Number(match[2] ?? match[1])] : [];
    if (first === undefined || last === undefined) throw wrong(text, `${part || 'nothing'} is no number or range`);
    if (!Number.isSafeInteger(last)) throw wrong(text, `${last} is above 2^53 - 1`);
    if (last < first) throw wrong(text, `${part} runs backwards`);
    if (last - first + seeds.length >= most) throw wrong(text, `these are more than ${most} pictures`);
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  const seen = new Set<number>();
  for (const seed of seeds) {
    if (seen.has(seed)) throw wrong(text, `${seed} is there twice`);
    seen.add(seed);
  }
  return seeds;
}

const wrong = (text: string, why: string) =>
  new UsageError(`--seeds ${text}: ${why}; expected numbers and ranges such as 0-63 or 3,8,100-107`);

/** How the picture of a seed is called: `000012.png`. */
export const seedFile = (seed: number): string => `${String(seed).padStart(6, '0')}.png`;
