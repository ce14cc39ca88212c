import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RinError } from '@rin/core';
import { oneLine, systemCode, unreadable } from '../disk/systemError.js';
import { type Clip, clipOf } from '../media/clip.js';
import type { Frame } from './decoding/clips/film.js';
import { openFilm } from './decoding/clips/openFilm.js';
import { decodeFrame, type Target } from './decoding/decode.js';
import { findFiles } from './sources/folder.js';
import { type Found, gather, isVideo } from './sources/gather.js';
import { naturalOrder } from './sources/source.js';

/** The clips that a path is read into. */
export interface GivenTarget extends Omit<Target, 'shape'> {
  /** [C, F, H, W] of the samples of the model; C is 1 or 3 */
  readonly shape: readonly number[];
  /** frames that are needed, the last ones of each clip */
  readonly count: number;
  /** frames per second; absent = as in the file */
  readonly frameRate?: number;
}

/** The last frames of a clip. */
export interface GivenClip {
  /** file or folder, without the path before it */
  readonly name: string;
  /** [C, `count`, H, W] */
  readonly clip: Clip;
}

/** What frames may be read from, for messages. */
const formats = 'a video, an animated GIF, WebP or PNG, a folder of frames, or a folder of these';

/**
 * Reads the clips that a user wants to continue: one video, one animation, one folder of frames, or a folder of these. Frames are
 * scaled, and spaced in time, as those of the data are.
 * @returns the last frames of each clip, in natural order of the names
 * @throws RinError if there is no clip, one cannot be read, or one has too few frames
 */
export async function readGiven(path: string, target: GivenTarget): Promise<GivenClip[]> {
  const recordings = await recordingsAt(path);
  if (recordings.size === 0) throw new RinError(`${path}: no clip is here; expected ${formats}`);
  const found: GivenClip[] = [];
  for (const [place, recording] of [...recordings].sort(([a], [b]) => naturalOrder(a, b)))
    found.push({ name: basename(place), clip: await lastFrames(place, recording, target) });
  return found;
}

/** The recordings by their paths. */
async function recordingsAt(path: string): Promise<Map<string, Found>> {
  try {
    const place = (name: string) => ({ path: join(path, name), offset: 0 });
    if (!statSync(path).isDirectory())
      return new Map([[path, { kind: isVideo(path) ? 'video' : 'animation', parts: [{ path, offset: 0 }] }]]);
    const { names } = await findFiles(path, {});
    const { recordings } = await gather(names, place, {});
    return new Map([...recordings].map(([name, each]) => [join(path, name), each]));
  } catch (error) {
    if (error instanceof RinError) throw error;
    throw systemCode(error) === 'ENOENT'
      ? new RinError(`${path}: there is no such file or folder`)
      : unreadable(error, path);
  }
}

async function lastFrames(
  place: string,
  recording: Found,
  { shape, count, frameRate, ...how }: GivenTarget,
): Promise<Clip> {
  const [channels, , height, width] = shape;
  const target = { ...how, shape: [channels, height, width] };
  const last: Frame[] = [];
  let length = 0;
  try {
    const film = await openFilm(recording, how.background);
    for await (const frame of film.play(frameRate)) {
      last.push(frame);
      length++;
      if (last.length > count) last.shift();
    }
    if (length < count)
      throw new RinError(`${place} has ${length} frame${length === 1 ? '' : 's'}, but this model continues ${count}`);
    const frames = await Promise.all(last.map((frame) => decodeFrame(frame, target)));
    return clipOf(frames.map((data) => ({ data, shape: target.shape })));
  } catch (error) {
    if (error instanceof RinError) throw error;
    throw new RinError(`${place} cannot be read as frames (${oneLine(error)}); expected ${formats}`);
  }
}
