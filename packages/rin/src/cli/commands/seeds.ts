import { UsageError } from '@rin/core';

/** Most pictures in one call. More are probably a mistake, and their seeds alone would fill the memory. */
const most = 1_000_000;

/**
 * Seeds from text such as `0-63` or `3,8,100-107`, in the order of the text.
 * @throws UsageError if the text is something else, a seed appears twice, or there are more than a million seeds
 */
export function parseSeeds(text: string): number[] {
  const seeds: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const [first, last] = match ? [Number(match[1]), Number(match[2] ?? match[1])] : [];
    if (first === undefined || last === undefined) throw wrong(text, `"${part}" is not a number or a range`);
    if (!Number.isSafeInteger(last)) throw wrong(text, `${last} is above 2^53 - 1`);
    if (last < first) throw wrong(text, `${part} runs backwards`);
    if (last - first + seeds.length >= most) throw wrong(text, `more than ${most} seeds`);
    for (let seed = first; seed <= last; seed++) seeds.push(seed);
  }
  const seen = new Set<number>();
  for (const seed of seeds) {
    if (seen.has(seed)) throw wrong(text, `${seed} appears twice`);
    seen.add(seed);
  }
  return seeds;
}

const wrong = (text: string, why: string) =>
  new UsageError(`--seeds ${text}: ${why}; expected numbers and ranges such as 0-63 or 3,8,100-107`);

/** File name of the sample of a seed: `000012.png`. @param format the ending */
export const seedFile = (seed: number, format: string): string => `${String(seed).padStart(6, '0')}.${format}`;
