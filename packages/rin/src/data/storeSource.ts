import { basename, join, resolve } from 'node:path';
import { RinError } from '@rin/core';
import { type Dataset, sampleLength } from './dataset.js';
import { fileStamp, isFile } from './sources/bytes.js';
import { numbered, type Source } from './sources/source.js';
import { openStore } from './store.js';
import { DamagedStore, storeFiles } from './storeIndex.js';

/**
 * A folder with decoded samples that `convertData` wrote, as a data set.
 * @param memory up to so many bytes of pixels are held in memory, more are read by position
 * @returns undefined if the folder holds no such samples
 * @throws {RinError} if it is damaged or cannot be read
 */
export function openConverted(folder: string, memory: number): Dataset | undefined {
  if (!storeFiles.every((name) => isFile(join(folder, name)))) return undefined;
  try {
    return openStore(folder, basename(resolve(folder)), { memory, former: true });
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error;
    throw new RinError(`${folder}: damaged (${error.message}); convert the data anew or copy it again`);
  }
}

/** The same as pictures that can be made into samples of another size. */
export function storeSource(folder: string): Source | undefined {
  const data = openConverted(folder, 0);
  if (!data) return undefined;
  data.close();
  return {
    name: data.name,
    stamp: storeFiles.map((name) => fileStamp(join(folder, name))).join(' '),
    async list() {
      const opened = openConverted(folder, 0);
      if (!opened) throw new RinError(`${folder} was taken away while it was being read; put it back and start again`);
      const { length, shape, classes, skipped } = opened;
      const pictures = Array.from({ length }, (_, index) => ({
        name: numbered(index, length),
        label: opened.label(index),
        read() {
          const pixels = new Uint8Array(sampleLength(shape));
          opened.read(index, pixels);
          return pixels;
        },
      }));
      return { pictures, classes, missing: skipped, shape, close: () => opened.close() };
    },
  };
}
