import type { Dataset } from '../dataset.js';
import type { Kind } from './clips.js';
import type { Found } from './gather.js';
import type { RecordingListing } from './recording.js';
import type { Source } from './source.js';

/** The suffix of sounds. */
export const isSound = (name: string): boolean => /\.wav$/i.test(name);

/** The origin of sounds. */
export interface SoundSource extends Omit<Source, 'list'> {
  /** @throws RinError if the source is damaged */
  list(): Promise<RecordingListing>;
  /** a built-in set makes its samples without files. @param shape [1, L] @param rate samples in a second */
  built?(shape: readonly number[], rate: number): Promise<Dataset>;
}

/** Sounds as recordings of a folder or a tar. */
export const soundKind: Kind = {
  noun: 'sounds',
  formats: 'wav',
  async gather(names, place) {
    const recordings = new Map<string, Found>();
    for (const name of names) if (isSound(name)) recordings.set(name, { kind: 'sound', parts: [place(name)] });
    return { recordings, others: names.filter((name) => !isSound(name)) };
  },
};
