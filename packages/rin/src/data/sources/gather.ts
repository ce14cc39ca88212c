import { setImmediate as turn } from 'node:timers/promises';
import { countFrames } from '../decoding/clips/countFrames.js';
import type { DataOptions } from '../progress.js';
import { readPart } from './readPart.js';
import type { FilePart, Recording } from './recording.js';
import { sorted } from './sorted.js';
import { isPicture } from './source.js';

/** The suffixes of videos, which ffmpeg reads. */
export const isVideo = (name: string): boolean => /\.(mp4|m4v|mov|webm|mkv|avi)$/i.test(name);

/** The suffixes of videos and animations. */
export const recordingEnd = /\.(mp4|m4v|mov|webm|mkv|avi|gif|webp|a?png)$/i;

/** The recordings that a source can have, for messages. */
export const recordingFormats = 'mp4, webm, mkv, mov, avi, animated gif, webp or png, or folders of frames';

/** Whether a picture has a format that can be animated. */
export const mayMove = (name: string): boolean => /\.(gif|webp|a?png)$/i.test(name);

/** Pictures of a folder that are looked at. */
const looked = 3;

/** A recording without its class. */
export type Found = Omit<Recording, 'label' | 'name'>;

/** The recordings among files. */
export interface Gathered {
  /** by path; a folder of frames has the path of the folder, or `.` for the whole source */
  readonly recordings: ReadonlyMap<string, Found>;
  /** paths of all other files. Still pictures next to videos are among them */
  readonly others: readonly string[];
}

/**
 * Finds the recordings among files. Videos are recordings. The pictures of one folder are either recordings or frames:
 *
 * - If one of the first three is animated, each picture of this folder is a recording.
 * - Else the folder is a recording, and the pictures are its frames in natural order. Next to videos they are not used.
 * @param names paths of the files
 * @param place of a file
 */
export async function gather(
  names: readonly string[],
  place: (name: string) => FilePart,
  watch: DataOptions,
): Promise<Gathered> {
  const recordings = new Map<string, Found>();
  const others: string[] = [];
  const folders = new Map<string, string[]>();
  const withVideos = new Set<string>();
  for (const name of names) {
    const folder = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    if (isVideo(name)) {
      recordings.set(name, { kind: 'video', parts: [place(name)] });
      withVideos.add(folder);
    } else if (isPicture(name)) {
      const some = folders.get(folder);
      if (some) some.push(name);
      else folders.set(folder, [name]);
    } else others.push(name);
  }
  for (const [folder, unsorted] of folders) {
    await turn();
    watch.signal?.throwIfAborted();
    const pictures = await sorted(unsorted, watch);
    if (await isAnyAnimated(pictures.slice(0, looked), place))
      for (const name of pictures) recordings.set(name, { kind: 'animation', parts: [place(name)] });
    else if (withVideos.has(folder)) others.push(...pictures);
    else recordings.set(folder || '.', { kind: 'frames', parts: pictures.map(place) });
  }
  return { recordings, others };
}

async function isAnyAnimated(names: readonly string[], place: (name: string) => FilePart): Promise<boolean> {
  for (const name of names) if (mayMove(name) && (await isAnimated(place(name)))) return true;
  return false;
}

/** Whether a file is an animated picture; false if it cannot be read. */
export async function isAnimated(place: FilePart): Promise<boolean> {
  try {
    return (await countFrames(readPart(place))) > 1;
  } catch {
    return false; // decoding reports it
  }
}
