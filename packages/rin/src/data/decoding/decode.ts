import { RinError } from '@rin/core';
import type { Sharp } from 'sharp';
import type { DataConfig } from '../../config/data.js';
import { interleaved, planar } from '../../media/planar.js';
import sharp from '../../media/sharp.js';
import type { Release } from './budget.js';
import { type Header, readHeader } from './header.js';
import { centerCropDhariwal } from './resample.js';

/** What becomes of a picture. */
export interface Target {
  /** [C, H, W]; C is 1 (grey) or 3 (sRGB) */
  readonly shape: readonly number[];
  readonly resize: DataConfig['resize'];
  readonly background: string;
}

sharp.cache(false); // every picture is read once; a cache of operations only holds memory

/**
 * Whether pictures are planar pixels of the target's size already; grey ones become colour by being repeated.
 * @param shape [C, H, W] of the planar pixels; undefined = they are encoded
 */
export const fits = ({ shape: [channels, height, width] }: Target, shape?: readonly number[]): boolean =>
  shape?.[1] === height && shape[2] === width && shape[0] <= channels;

/** How one picture is decoded beside others. */
export interface Circumstances {
  /** waits until so many bytes may be taken, and returns what gives them back */
  admit?(bytes: number): Promise<Release>;
  /** the time limit is so many times as long; default 1 */
  patience?: number;
}

/**
 * Decodes one picture (JPEG, PNG, WebP, GIF, AVIF, TIFF; of several frames the first), turned as its EXIF orientation
 * says, converted by its colour profile to sRGB or grey, transparent parts on the background, and scaled as `resize` says,
 * by an antialiased Lanczos filter unless it names another.
 * @param bytes the file, or planar pixels [C, H, W] if there is a `shape`
 * @param shape of planar pixels; if it is that of the target they stay as they are
 * @returns planar pixels [C, H, W]
 * @throws {Error} with a reason of one line if the picture cannot be read, is only partly there, or is refused (see
 *     `readHeader`)
 */
export async function decode(
  bytes: Uint8Array,
  target: Target,
  shape?: readonly number[],
  { admit = async () => () => {}, patience = 1 }: Circumstances = {},
): Promise<Uint8Array> {
  const [channels] = target.shape;
  if (fits(target, shape)) return shape?.[0] === channels ? bytes : Buffer.concat(new Array(channels).fill(bytes));
  if (shape) {
    const raw = { channels: shape[0] === 1 ? 1 : 3, height: shape[1], width: shape[2] } as const;
    const picture = sharp(interleaved(bytes, shape[0]), { raw });
    if (shape[0] === 1 && isColoured(target.background)) picture.pipelineColourspace('srgb');
    return scaled(picture, target, basicTime * patience);
  }
  const header = await readHeader(bytes);
  const pixels = header.width * header.height;
  const isDrawnWhole = target.resize === 'center-crop-dhariwal';
  const release = await admit(header.memory + (isDrawnWhole ? 3 * target.shape[0] * pixels : 0));
  try {
    return await scaled(await opened(bytes, header, target.background), target, (basicTime + pixels / 1e6) * patience);
  } finally {
    release();
  }
}

/** Seconds that decoding may take, besides one for each million pixels. */
const basicTime = 60;

/**
 * A picture of 8 bits a value, upright.
 *
 * What has more bits is brought to 8 before its profile is applied. libvips would else convert it to Display P3 instead of
 * sRGB, and would pass over the profile of a grey picture.
 */
async function opened(bytes: Uint8Array, { isGrey, isDeep, hasProfile }: Header, background: string): Promise<Sharp> {
  const picture = sharp(bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true });
  if (isDeep) picture.pipelineColourspace(isGrey ? 'b-w' : 'srgb');
  if (!isGrey || !isColoured(background)) return picture;
  // Else a grey picture would take the luminance of the background, or its red alone.
  if (!hasProfile) return picture.pipelineColourspace('srgb');
  return sharp(await picture.toColourspace('srgb').png({ compressionLevel: 1 }).toBuffer(), {
    limitInputPixels: false,
  });
}

/** Puts a picture on the background and scales it. */
async function scaled(picture: Sharp, { shape, resize, background }: Target, seconds: number): Promise<Uint8Array> {
  const [channels, height, width] = shape;
  picture
    .flatten({ background })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .timeout({ seconds: Math.min(Math.ceil(seconds), 3600) });
  if (resize !== 'center-crop-dhariwal') {
    picture.resize(width, height, {
      fit: resize === 'fit' ? 'contain' : 'cover',
      background,
      kernel: 'lanczos3',
      fastShrinkOnLoad: false, // leaves the last factor of 2 to the filter, so that nothing aliases
    });
  }
  const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`${info.channels} channels after decoding`);
  const pixels = planar(data, channels);
  if (resize !== 'center-crop-dhariwal') return pixels;
  return centerCropDhariwal(pixels, [channels, info.height, info.width], [height, width]);
}

/** Whether a `#rrggbb` is no shade of grey. */
const isColoured = (background: string): boolean => !/^#(..)\1\1$/i.test(background);

/**
 * Checks [C, H, W].
 * @throws {RinError} for shapes that pictures cannot have
 */
export function checkShape(shape: readonly number[]): void {
  const [channels, ...size] = shape;
  if (size.length !== 2) {
    throw new RinError(`pictures have two sizes [height, width], the model has ${size.length}: [${size.join(', ')}]`);
  }
  if (channels !== 1 && channels !== 3) {
    throw new RinError(
      `pictures are read with 1 channel (grey) or 3 (colour), the model has ${channels}; set model.channels`,
    );
  }
}
