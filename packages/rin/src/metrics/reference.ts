import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RinError } from '@rin/core';
import { cacheFolder, cannotWrite } from '../data/cacheFolder.js';
import type { Dataset } from '../data/dataset.js';
import { makeFolder } from '../disk/makeFolder.js';
import { change, remove, removeAbandoned } from '../disk/wholeFiles.js';
import type { Ranks } from '../training/ranks.js';
import { datasetSource } from './datasetSource.js';
import type { Detector } from './detectors/detector.js';
import { type GatherProgress, gather, type SampleSource } from './gather.js';
import { momentsOf } from './moments.js';
import { type ReferenceFacts, readStatistics, type Statistics, writeStatistics } from './npz.js';

/** A reference set that was measured, with the file of its statistics. */
export interface Reference extends Statistics {
  readonly path: string;
  readonly sha256: string;
}

/** Samples of the data that are the reference. */
export interface ReferenceData {
  readonly data: Dataset;
  /** the part of the source that they are, for the protocol */
  readonly part: string;
  /** how they were scaled, for the protocol */
  readonly resize: string;
  /** most samples that are used */
  readonly most: number;
}

/** Samples in a block of the reference. */
const blocks = { picture: 64, clip: 8 } as const;

export interface MeasureOptions {
  readonly onProgress?: (progress: GatherProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Measures a reference set, or reads what was measured before. The statistics are kept as an `.npz` in the folder `references`
 * of the cache of data (`$RIN_DATA_CACHE`, else `$XDG_CACHE_HOME/rin/data`, else `~/.cache/rin/data`). The name is a digest of data,
 * detector, its preprocessing, and part. The features are kept too, for the measures that compare single samples.
 * @param ranks they share the work; rank 0 alone has the cache
 * @returns undefined on ranks above 0
 * @throws RinError if the data cannot be read, there are fewer than 2 samples, or the cache cannot be written
 */
export async function measureReference(
  ranks: Ranks,
  { data, part, resize, most }: ReferenceData,
  detector: Detector,
  options: MeasureOptions = {},
): Promise<Reference | undefined> {
  const source = datasetSource(data, most);
  const { name, sha256, preprocessing } = detector;
  const facts: ReferenceFacts = {
    ...{ name: data.name, fingerprint: data.fingerprint, part, count: source.count, shape: data.shape, resize },
    detector: { name, sha256, preprocessing },
  };
  const last = recent.get(data);
  const isSame = last?.facts && isDeepStrictEqual(last.facts, facts);
  if (await ranks.first(async () => isSame === true)) return isSame ? last : undefined;
  const found = await measured(ranks, source, facts, detector, options);
  if (found) recent.set(data, found);
  return found;
}

/** The last reference of each data set in memory: runs and checkpoints are evaluated one after the other. */
const recent = new WeakMap<Dataset, Reference>();

async function measured(
  ranks: Ranks,
  source: SampleSource,
  facts: ReferenceFacts,
  detector: Detector,
  { onProgress, signal }: MeasureOptions,
): Promise<Reference | undefined> {
  const folder = join(cacheFolder(), 'references');
  const key = createHash('sha256')
    .update(JSON.stringify({ ...facts, name: undefined, resize: undefined }))
    .digest('hex');
  const path = join(folder, `${key}.npz`);
  const known = ranks.rank === 0 ? await readKnown(path, source.count) : undefined;
  if (await ranks.first(async () => known !== undefined)) return known;
  try {
    if (ranks.rank === 0) {
      await change('make', folder, () => makeFolder(folder));
      await removeAbandoned(folder, (file) => file.endsWith('.npz'));
    }
    const work = join(folder, `${key}.work`);
    const gathered = await gather(ranks, source, detector, {
      ...{ block: blocks[detector.medium], folder: work, onProgress, signal },
    });
    if (!gathered) return undefined;
    const { features } = gathered;
    await writeStatistics(path, { moments: momentsOf(features), features, facts });
    await remove(work).catch(() => {}); // another process may measure the same reference, and still write there
  } catch (error) {
    throw cannotWrite(error, folder);
  }
  return { ...(await readStatistics(path)), path };
}

/** What was measured before; undefined if it is not there, or damaged. */
async function readKnown(path: string, count: number): Promise<Reference | undefined> {
  if (!existsSync(path)) return undefined;
  const known = await readStatistics(path).catch(() => undefined);
  return known?.features?.count === count && known.facts ? { ...known, path } : undefined;
}

/**
 * Reads the statistics of a reference that a user names.
 * @param shape of the samples that are compared with it
 * @throws RinError if the file does not fit: another number of features, and if rin wrote it, another detector or size
 */
export async function readReference(path: string, detector: Detector, shape: readonly number[]): Promise<Reference> {
  const found = await readStatistics(path);
  const { moments, facts } = found;
  const width = moments.mean.length;
  if (width !== detector.features)
    throw new RinError(
      `${path}: its statistics have ${width} features, but ${detector.name} gives ${detector.features}; use statistics of the same detector`,
    );
  if (!facts) return { ...found, path };
  const other = facts.detector;
  if (other.sha256 !== detector.sha256 || other.preprocessing !== detector.preprocessing)
    throw new RinError(
      `${path}: it was measured by ${other.name} (${other.sha256.slice(0, 12)}, ${other.preprocessing}), not by ${detector.name} (${detector.sha256.slice(0, 12)}, ${detector.preprocessing}); measure it again with --data`,
    );
  if (facts.shape.join() !== shape.join())
    throw new RinError(
      `${path}: its samples were [${facts.shape.join(', ')}], but those to evaluate are [${shape.join(', ')}]; use a reference of the same size`,
    );
  return { ...found, path };
}
