import { statSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { whyNot } from '../disk/systemError.js';
import { bouncingSource } from './bouncing.js';
import { builtIn, builtInClips, builtInSounds, isBuiltIn } from './builtIn.js';
import { lookAt } from './lookAt.js';
import type { DataOptions } from './progress.js';
import { archiveSource } from './sources/archive.js';
import { notFile } from './sources/bytes.js';
import { cifarFolder, cifarSource, isCifar } from './sources/cifar.js';
import { type ClipSource, clipKind, type Kind, recordingArchive, recordingFolder } from './sources/clips.js';
import { emojiSource } from './sources/emoji.js';
import { type FoundFiles, folderSource } from './sources/folder.js';
import { isVideo } from './sources/gather.js';
import { idxFolder, idxSource, isIdx } from './sources/idx.js';
import { isSound, type SoundSource, soundKind } from './sources/sounds.js';
import { isPicture, type Source } from './sources/source.js';
import { storedClips, storeSource } from './storeSource.js';
import { tonesSource } from './tones.js';

/** Pictures that were searched already. */
export interface FoundPictures extends Source {
  readonly medium: 'picture';
  /** the name that the user gave: `emoji`, a folder or a file */
  readonly place: string;
}

/** Clips that were searched already. */
export interface FoundClips extends ClipSource {
  readonly medium: 'clip';
  readonly place: string;
}

/** A source that was searched already. `openDataset` accepts it in place of the name, and does not search again. */
export type FoundSource = FoundPictures | FoundClips | FoundSounds;

/** Sounds that were searched already. */
export interface FoundSounds extends SoundSource {
  readonly medium: 'sound';
  readonly place: string;
}

/**
 * Finds the pictures, clips or sounds of a source.
 * @param size of the samples: three axes [frames, height, width] = clips; one axis [length] = sounds
 * @throws RinError as `findSource`, `findClips` or `findSounds`
 */
export async function findFor(source: string, size: readonly number[], watch: DataOptions): Promise<FoundSource> {
  if (size.length === 1) return findSounds(source, watch);
  return size.length === 3 ? findClips(source, watch) : findSource(source, Math.max(1, ...size), watch);
}

/**
 * Finds a source whose samples have no size yet, by the medium that it seems to have (`lookAt`).
 * @throws RinError as `findSource`, `findClips` or `findSounds`
 */
export async function findAny(source: string, watch: DataOptions): Promise<FoundSource> {
  const { medium, files } = await reading(source, () => lookAt(source, watch));
  if (medium === 'sound') return findSounds(source, watch, files);
  return medium === 'clip' ? findClips(source, watch, files) : findSource(source, 1, watch, files);
}

/**
 * Finds the clips of a source: a folder or a tar archive of videos, animations and folders of frames. The output of
 * `convertData` is also a source. `bouncing` is the built-in set.
 * @param files of a folder, if they are known already
 * @throws RinError if the source does not exist, is damaged or has no clips
 */
export async function findClips(source: string, watch: DataOptions, files?: FoundFiles): Promise<FoundClips> {
  const found = await reading(source, () => searchClips(source, watch, files));
  return { ...found, medium: 'clip', place: source, list: () => reading(source, () => found.list()) };
}

/**
 * Finds the sounds of a source: a folder or a tar archive of WAV files. `tones` is the built-in set.
 * @throws RinError if the source does not exist, is damaged or has no sounds
 */
export async function findSounds(source: string, watch: DataOptions, files?: FoundFiles): Promise<FoundSounds> {
  const found = await reading(source, () => searchSounds(source, watch, files));
  return { ...found, medium: 'sound', place: source, list: () => reading(source, () => found.list()) };
}

async function searchSounds(source: string, watch: DataOptions, files?: FoundFiles): Promise<SoundSource> {
  if (source === builtInSounds) return tonesSource();
  if (isBuiltIn(source))
    throw new RinError(`"${source}" has no sounds; "${builtInSounds}" is the built-in set of sounds`);
  const { built: _, ...found } = await recordingsOf(source, soundKind, watch, files);
  return found;
}

async function searchClips(source: string, watch: DataOptions, files?: FoundFiles): Promise<ClipSource> {
  if (source === builtInClips) return bouncingSource();
  if (source === builtInSounds) throw new RinError(`"${builtInSounds}" has sounds, but the samples are clips`);
  if (source === builtIn)
    throw new RinError(`"${builtIn}" has pictures, but the samples are clips; "${builtInClips}" has clips of them`);
  return recordingsOf(source, clipKind, watch, files);
}

async function recordingsOf(source: string, kind: Kind, watch: DataOptions, files?: FoundFiles): Promise<ClipSource> {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return storedClips(source, kind) ?? recordingFolder(source, kind, watch, files);
  if (stats?.isFile()) {
    refuseSingle(source, kind.noun);
    return recordingArchive(source, kind, watch);
  }
  throw notThere(source, stats !== undefined);
}

/** @throws RinError if a file is one sample, and no archive of samples */
function refuseSingle(file: string, nouns: string): void {
  if (isVideo(file) || isPicture(file) || isSound(file))
    throw new RinError(`${file}: one file; expected a folder or a tar with ${nouns}`);
}

function notThere(source: string, isThere: boolean): RinError {
  if (isThere) return new RinError(`${source}: ${notFile} or a folder`);
  return new RinError(
    `${source}: no such folder or file; "${builtIn}", "${builtInClips}" and "${builtInSounds}" are built-in sets`,
  );
}

/**
 * Finds the pictures of a source: a folder of pictures, a tar archive, a file of IDX or CIFAR, or a folder of such
 * files. The output of `convertData` is also a source. `emoji` is the built-in set.
 * @param source a path, or `emoji`
 * @param side   longer side of the samples in pixels, for rendering drawings
 * @param files  of a folder, if they are known already
 * @throws RinError if the source does not exist, is damaged or has no pictures
 */
export async function findSource(
  source: string,
  side: number,
  watch: DataOptions,
  files?: FoundFiles,
): Promise<FoundPictures> {
  const found = await reading(source, () => search(source, side, watch, files));
  return { ...found, medium: 'picture', place: source, list: () => reading(source, () => found.list()) };
}

async function search(source: string, side: number, watch: DataOptions, found?: FoundFiles): Promise<Source> {
  if (source === builtIn) return emojiSource(side);
  if (source === builtInClips)
    throw new RinError(`"${builtInClips}" has clips; give model.size three axes, such as [16, 32, 32]`);
  if (source === builtInSounds)
    throw new RinError(`"${builtInSounds}" has sounds; give model.size one axis, such as [4096]`);
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    const files = await arrayFiles(source, watch);
    return (
      storeSource(source) ??
      idxFolder(source, files) ??
      cifarFolder(source, files) ??
      folderSource(source, watch, found)
    );
  }
  if (stats?.isFile()) {
    if (isIdx(source)) return idxSource(source);
    if (isCifar(source)) return cifarSource(source);
    refuseSingle(source, 'pictures');
    return archiveSource(source, watch);
  }
  throw notThere(source, stats !== undefined);
}

/** The names in a folder that may belong to IDX or CIFAR. */
async function arrayFiles(folder: string, { signal }: DataOptions): Promise<string[]> {
  const names: string[] = [];
  let seen = 0;
  for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
    if (isIdx(name) || isCifar(name) || name.endsWith('.txt')) names.push(name);
    if (++seen % 1024 !== 0) continue; // a folder may hold millions
    await turn();
    signal?.throwIfAborted();
  }
  return names;
}

/** Turns an error of the system into a `RinError` with a clear message. */
async function reading<T>(source: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const reason = whyNot(error);
    const place = error instanceof Error && 'path' in error ? error.path : source; // may be deep in the source
    throw reason ? new RinError(`cannot read ${place}: ${reason}`) : error;
  }
}

/**
 * Names of the classes that `openDataset` finds in a source. No picture is decoded.
 * @param source as for `openDataset`
 * @returns names by label; empty if there are no classes
 * @throws RinError if the source does not exist or is damaged
 */
export async function classNames(source: string, watch: DataOptions = {}): Promise<readonly string[]> {
  const listing = await (await findSource(source, 1, watch)).list();
  listing.close();
  return listing.classes;
}
