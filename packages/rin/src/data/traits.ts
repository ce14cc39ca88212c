import type { Sharp } from 'sharp';
import { interleaved } from '../media/planar.js';
import sharp from '../media/sharp.js';
import { readHeader } from './decoding/header.js';
import { isDrawn, isGrey } from './flatness.js';
import type { DataOptions } from './progress.js';
import type { Listing, Picture } from './sources/source.js';
import { spreadOver } from './spreadOver.js';

/** What sort of pictures a source has, judged by a few of them. */
export interface PictureTraits {
  /** pictures by `WIDTH×HEIGHT`, of those that were looked at; EXIF orientations are applied */
  readonly sizes: ReadonlyMap<string, number>;
  /** whether none of them has a colour; a colour picture file with grey pixels only is grey */
  readonly grey: boolean;
  /** whether at least half of them are drawn: they have flat areas or few colours */
  readonly drawn: boolean;
}

/** Most pictures to look at. */
const most = 48;

/**
 * If files or pictures are large, fewer are looked at, but at least `fewest`. The limits are bytes and pixels, not time, so that
 * the answer is always the same.
 */
const [fewest, mostBytes, mostPixels] = [8, 64e6, 64e6];

/** A larger picture is shrunk to this side before it is judged. Then the noise of a large photograph's flat areas is gone. */
const judgedSide = 128;

/**
 * Looks at up to 48 pictures, spread over all classes. The answer depends only on the contents of the source.
 * @returns undefined if none of them can be read
 */
export async function pictureTraits(
  { pictures, shape, render }: Listing,
  { signal }: DataOptions = {},
): Promise<PictureTraits | undefined> {
  const sizes = new Map<string, number>();
  const judging: Promise<Judged | undefined>[] = [];
  let [bytes, pixels] = [0, 0];
  for (const picture of mixed(spreadOver(byClass(pictures), most))) {
    signal?.throwIfAborted();
    if (judging.length >= fewest && (bytes > mostBytes || pixels > mostPixels)) break;
    const seen = await open(picture, shape, render);
    if (!seen) continue;
    const size = `${seen.width}×${seen.height}`;
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
    bytes += seen.bytes;
    pixels += seen.width * seen.height;
    judging.push(judged(seen.picture).catch(() => undefined)); // training lists what it cannot decode
  }
  const all = (await Promise.all(judging)).filter((each) => each !== undefined);
  if (all.length === 0) return undefined;
  return {
    sizes: new Map([...sizes].sort(([, a], [, b]) => b - a)),
    grey: all.every(({ grey }) => grey),
    drawn: 2 * all.filter(({ drawn }) => drawn).length >= all.length,
  };
}

/** The pictures with those of one class after those of another. */
function byClass(pictures: readonly Picture[]): Picture[] {
  const classes = new Map<number, Picture[]>();
  for (const picture of pictures) {
    const some = classes.get(picture.label);
    if (some) some.push(picture);
    else classes.set(picture.label, [picture]);
  }
  return [...classes].sort(([a], [b]) => a - b).flatMap(([, some]) => some);
}

/** The same items in an order whose start is spread over all of them, too. */
const mixed = <T>(items: readonly T[]): T[] =>
  [0, 4, 2, 6, 1, 5, 3, 7].flatMap((start) => items.filter((_, index) => index % 8 === start));

interface Opened {
  readonly picture: Sharp;
  /** in pixels, after the EXIF orientation is applied */
  readonly width: number;
  readonly height: number;
  /** of the file */
  readonly bytes: number;
}

/** A picture and its size; undefined if it cannot be used. */
async function open(picture: Picture, shape: Listing['shape'], render: Listing['render']): Promise<Opened | undefined> {
  try {
    const bytes = picture.read();
    if (shape) {
      const [channels, height, width] = shape;
      const raw = { channels: channels === 1 ? 1 : 3, height, width } as const;
      return { picture: sharp(interleaved(bytes, channels), { raw }), height, width, bytes: bytes.length };
    }
    const encoded = render ? await render(bytes) : bytes;
    const { width, height } = await readHeader(encoded);
    return {
      picture: sharp(encoded, { limitInputPixels: false, autoOrient: true }),
      height,
      width,
      bytes: bytes.length,
    };
  } catch {
    return undefined; // training lists it, with the reason
  }
}

interface Judged {
  readonly grey: boolean;
  readonly drawn: boolean;
}

async function judged(picture: Sharp): Promise<Judged> {
  const { data, info } = await picture
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .resize(judgedSide, judgedSide, { fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { grey: isGrey(data), drawn: isDrawn(data, info.width, info.height) };
}
