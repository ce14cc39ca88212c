import { basename, join, resolve } from 'node:path';
import { RinError } from '@rin/core';
import type { Dataset } from '../dataset.js';
import type { DataOptions } from '../progress.js';
import { arrange, type Files } from './arrange.js';
import { fileBytes, fileStamp, readNamed, tooLarge } from './bytes.js';
import { type FoundFiles, findFiles, stampOf } from './folder.js';
import { type Gathered, gather, recordingFormats } from './gather.js';
import type { FilePart, RecordingListing } from './recording.js';
import { isHidden, type Source, understanding } from './source.js';
import { indexTar } from './tar.js';

/** The origin of clips. */
export interface ClipSource extends Omit<Source, 'list'> {
  /** @throws RinError if the source is damaged */
  list(): Promise<RecordingListing>;
  /** a built-in set makes its samples without files. @param shape [C, F, H, W] @param background `#rrggbb` */
  built?(shape: readonly number[], background: string): Promise<Dataset>;
}

/** Recordings of one medium. */
export interface Kind {
  readonly noun: string;
  /** for messages */
  readonly formats: string;
  /** finds them among files */
  gather(names: readonly string[], place: (name: string) => FilePart, watch: DataOptions): Promise<Gathered>;
}

export const clipKind: Kind = { noun: 'clips', formats: recordingFormats, gather };

/**
 * A folder of recordings with all its subfolders (see `gather`). The classes are found as for pictures (see `arrange`).
 * @param found what `findFiles` found, if it was called before
 * @throws RinError if there are no recordings, or a list is damaged
 */
export async function recordingFolder(
  folder: string,
  kind: Kind,
  watch: DataOptions,
  found?: FoundFiles,
): Promise<ClipSource> {
  const { names, special } = found ?? (await findFiles(folder, watch));
  const read = (name: string, most: number) => readNamed(join(folder, name), most);
  const place = (name: string): FilePart => ({ path: join(folder, name), offset: 0 });
  const { files, ...source } = await recordingsAmong(
    { where: folder, kind: 'folder', names, special, read },
    place,
    kind,
    watch,
  );
  const stamp = `${kind.noun} ${await stampOf(folder, files, watch)}`;
  return { name: basename(resolve(folder)), stamp, ...source };
}

/** A tar archive of recordings, read like a folder. @throws RinError as `recordingFolder`, or if the archive is damaged */
export async function recordingArchive(path: string, kind: Kind, watch: DataOptions): Promise<ClipSource> {
  const stamp = `${kind.noun} ${understanding} ${fileStamp(path)}`;
  const archive = fileBytes(path);
  try {
    const { members, special } = await indexTar(archive, path, watch);
    const place = (name: string): FilePart => ({ path, ...(members.get(name) ?? { offset: 0, size: 0 }) });
    const read = (name: string, most: number) => {
      const { offset, size = 0 } = place(name);
      if (size > most) throw new RinError(`${path}/${name}: ${tooLarge(size, most)}`);
      return archive.read(offset, size);
    };
    const names = [...members.keys()].filter((name) => !name.split('/').some(isHidden));
    const { files: _, ...source } = await recordingsAmong(
      { where: path, kind: 'archive', names, special, read },
      place,
      kind,
      watch,
    );
    await source.list(); // the lists of classes are read while the archive is open
    return { name: basename(path).replace(/\.tar$/i, ''), stamp, ...source };
  } finally {
    archive.close();
  }
}

/** @returns also the paths of all files that matter */
async function recordingsAmong(found: Files, place: (name: string) => FilePart, kind: Kind, watch: DataOptions) {
  const { where, names } = found;
  const { recordings, others } = await kind.gather(names, place, watch);
  const files: Files = { ...found, names: [...recordings.keys(), ...others] };
  const arranged = await arrange(files, watch, (name) => recordings.has(name));
  const { base, notice, tellers } = arranged;
  if (recordings.size === 0)
    throw new RinError(`${where}: no ${kind.noun} here (${kind.formats}) among its ${names.length} files`);
  const taken = arranged.pictures.flatMap((name) => {
    const recording = recordings.get(base + name);
    return recording ? [{ name, ...recording }] : [];
  });
  const paths = new Set(taken.flatMap(({ parts }) => parts.map(({ path }) => path)));
  return {
    files: [...tellers, ...names.filter((name) => paths.has(place(name).path))],
    ...(notice !== undefined && { notice }),
    async list(): Promise<RecordingListing> {
      const { classes, labels, missing } = await arranged.label();
      return {
        recordings: taken.map((each, index) => ({ ...each, label: labels[index] })),
        classes,
        missing,
        close() {},
      };
    },
  };
}
