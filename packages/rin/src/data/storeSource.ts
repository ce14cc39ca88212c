import { basename, join, resolve } from 'node:path';
import { lengthOf, RinError } from '@rin/core';
import type { Dataset } from './dataset.js';
import { fileStamp, isFile } from './sources/bytes.js';
import { type ClipSource, clipKind, type Kind } from './sources/clips.js';
import type { Recording } from './sources/recording.js';
import { numbered, type Source } from './sources/source.js';
import { openStore } from './store.js';
import { DamagedStore, storeFiles } from './storeIndex.js';

/**
 * Opens a folder that `convertData` wrote, as a data set.
 * @param memory data up to this number of bytes are held in memory, larger data are read when they are needed
 * @returns undefined if the folder has no such samples
 * @throws RinError if it is damaged or cannot be read
 */
export function openConverted(folder: string, memory: number): Dataset | undefined {
  if (!isStore(folder)) return undefined;
  try {
    return openStore(folder, basename(resolve(folder)), { memory, former: true });
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error;
    throw new RinError(`${folder}: damaged (${error.message}); convert the data again, or copy the folder again`);
  }
}

/** Whether a folder has decoded samples. */
const isStore = (folder: string): boolean => storeFiles.every((name) => isFile(join(folder, name)));

/** The same folder as pictures, which can become samples of another size; undefined if it has no samples. */
export function storeSource(folder: string): Source | undefined {
  const data = openConverted(folder, 0);
  if (!data) return undefined;
  data.close();
  if (data.shape.length !== 3)
    throw new RinError(
      `${folder}: samples of [${data.shape.join(', ')}], which are no pictures; give --size ${data.shape.slice(1).join(',')}`,
    );
  return {
    name: data.name,
    stamp: storeFiles.map((name) => fileStamp(join(folder, name))).join(' '),
    async list() {
      const opened = openConverted(folder, 0);
      if (!opened) throw new RinError(`${folder} was removed while it was being read; restore it and start again`);
      const { length, shape, classes, skipped } = opened;
      const pictures = Array.from({ length }, (_, index) => ({
        name: numbered(index, length),
        label: opened.label(index),
        read() {
          const pixels = new Uint8Array(lengthOf(shape));
          opened.read(index, pixels);
          return pixels;
        },
      }));
      return { pictures, classes, missing: skipped, shape, close: () => opened.close() };
    },
  };
}

/**
 * The same folder as clips, which can become clips of another size; undefined if it has no samples.
 * @throws RinError if its samples are no clips, or if another kind is wanted
 */
export function storedClips(folder: string, { noun }: Pick<Kind, 'noun'>): ClipSource | undefined {
  const data = openConverted(folder, 0);
  if (!data) return undefined;
  const { name, shape, fingerprint } = data;
  data.close();
  if (shape.length !== 4 || noun !== clipKind.noun)
    throw new RinError(
      `${folder}: samples of [${shape.join(', ')}], which are no ${noun}; give --size ${shape.slice(1).join(',')}`,
    );
  return {
    name,
    async list() {
      const opened = openConverted(folder, 0);
      if (!opened) throw new RinError(`${folder} was removed while it was being read; restore it and start again`);
      const recordings = Array.from({ length: opened.length }, (_, index): Recording => {
        const read = () => {
          const pixels = new Uint8Array(lengthOf(shape));
          opened.read(index, pixels);
          return pixels;
        };
        const place = { name: numbered(index, opened.length), label: opened.label(index), parts: [] };
        return { ...place, kind: 'decoded', clip: { shape, fingerprint, read } };
      });
      return { recordings, classes: opened.classes, missing: opened.skipped, close: () => opened.close() };
    },
  };
}
