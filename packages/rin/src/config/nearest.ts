import { distance } from 'fastest-levenshtein';

const simplified = (word: string) => word.toLowerCase().replace(/[_-]/g, '');

/**
 * The candidate that a misspelt word most likely means. Undefined if no candidate is close: at most 2 of 5 letters may differ.
 * Case, dashes and underscores are ignored, so `latent_dim` finds `latentDim`.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = simplified(word);
  let best: string | undefined;
  let least = Math.floor(wanted.length * 0.4) + 1;
  for (const candidate of candidates) {
    const d = distance(wanted, simplified(candidate));
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}
