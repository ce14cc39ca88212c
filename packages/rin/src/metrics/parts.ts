import type { Config } from '../config/config.js';

/** Which part of the data of a run is a reference. */
export type PartName = 'training' | 'held-out' | 'all';

/**
 * The words for a part of the data of a run, for the protocol. Seed and share tell which samples they are.
 * @param part default: those that the run trains on
 */
export function partOf({ seed, training: { validation } }: Config, part: PartName = 'training'): string {
  if (part === 'all' || validation === 0) return 'all';
  return `${part} part (training.validation ${validation}, seed ${seed})`;
}
