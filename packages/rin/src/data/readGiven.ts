import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { RinError } from '@rin/core';
import { oneLine, unreadable } from '../disk/systemError.js';
import { type Clip, clipOf } from '../media/clip.js';
import { planar } from '../media/planar.js';
import sharp from '../media/sharp.js';
import { attempted } from './decoding/attempts.js';
import { decode, type Target } from './decoding/decode.js';
import { readNamed } from './sources/bytes.js';
import { isHidden, isPicture, largestPicture, naturalOrder } from './sources/source.js';

/** The clips that a path is read into. */
export interface GivenTarget extends Omit<Target, 'shape'> {
  /** [C, F, H, W] of the samples of the model; C is 1 or 3 */
  readonly shape: readonly number[];
  /** frames that are needed, the last ones of each clip */
  readonly count: number;
}

/** The last frames of a clip. */
export interface GivenClip {
  /** file or folder, without the path before it */
  readonly name: string;
  /** [C, `count`, H, W] */
  readonly clip: Clip;
}

/** What frames may be read from, for messages. */
const formats = 'a folder of frames, an animated GIF or WebP, or a folder of these';

/**
 * Reads the clips that a user wants to continue: one animation, one folder of frames, or a folder of these. Frames are scaled as
 * pictures of the data are.
 * @returns the last frames of each clip, in natural order of the names
 * @throws RinError if there is no clip, one cannot be read, or one has too few frames
 */
export async function readGiven(path: string, target: GivenTarget): Promise<GivenClip[]> {
  const places = await clipsAt(path);
  if (places.length === 0) throw new RinError(`${path}: no clip is here; expected ${formats}`);
  const found: GivenClip[] = [];
  for (const place of places) found.push({ name: basename(place), clip: await lastFrames(place, target) });
  return found;
}

/** The paths of the clips: the path itself, or the animations and folders of frames in it. */
async function clipsAt(path: string): Promise<string[]> {
  if (!statOf(path).isDirectory()) return [path];
  const inside = namesIn(path).map((name) => join(path, name));
  const folders = inside.filter((each) => statOf(each).isDirectory() && framesIn(each).length > 0);
  const pictures = framesIn(path);
  if (pictures.length === 0) return folders;
  return (await pagesOf(pictures[0])) > 1 ? [...folders, ...pictures].sort(naturalOrder) : [path];
}

/** The last frames of one clip. @param place an animation, or a folder of frames */
async function lastFrames(place: string, { shape, count, ...how }: GivenTarget): Promise<Clip> {
  const [channels, , height, width] = shape;
  const target = { ...how, shape: [channels, height, width] };
  const isFolder = statOf(place).isDirectory();
  const files = isFolder ? framesIn(place) : [];
  const length = isFolder ? files.length : await pagesOf(place);
  if (length < count)
    throw new RinError(`${place} has ${length} frame${length === 1 ? '' : 's'}, but this model continues ${count}`);
  const frames: Uint8Array[] = [];
  for (let frame = length - count; frame < length; frame++) {
    const [file, page] = isFolder ? [files[frame], 0] : [place, frame];
    frames.push(await reading(file, () => frameOf(file, page, target)));
  }
  return clipOf(frames.map((data) => ({ data, shape: target.shape })));
}

/** One frame of a file, scaled. [C, H, W] */
async function frameOf(file: string, page: number, target: Target): Promise<Uint8Array> {
  const bytes = readNamed(file, largestPicture);
  if (page === 0) return decode(bytes, target);
  const whole = sharp(bytes, { page, failOn: 'error', limitInputPixels: false })
    .flatten({ background: target.background })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  const { data, info } = await whole.toBuffer({ resolveWithObject: true });
  return decode(planar(data, info.channels), target, [info.channels, info.height, info.width]);
}

/** Frames of a file; 1 for a still picture. */
const pagesOf = (file: string): Promise<number> =>
  reading(file, async () => (await sharp(readNamed(file, largestPicture)).metadata()).pages ?? 1);

/** @throws RinError with the name of the file if it cannot be read as a picture */
async function reading<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await attempted(action, (error) => error instanceof RinError);
  } catch (error) {
    if (error instanceof RinError) throw error;
    throw new RinError(`${file} cannot be read as frames (${oneLine(error)}); expected ${formats}`);
  }
}

/** The names in a folder in natural order, without hidden ones. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !isHidden(name))
      .sort(naturalOrder);
  } catch (error) {
    throw unreadable(error, folder);
  }
}

/** The paths of the pictures in a folder, in natural order. */
const framesIn = (folder: string): string[] =>
  namesIn(folder)
    .filter(isPicture)
    .map((name) => join(folder, name));

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(error, path);
  }
}
