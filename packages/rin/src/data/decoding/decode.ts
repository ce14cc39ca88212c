import { RinError } from '@rin/core';
import type { Sharp } from 'sharp';
import type { DataConfig } from '../../config/data.js';
import { interleaved, planar } from '../../media/planar.js';
import sharp from '../../media/sharp.js';
import type { Release } from './budget.js';
import { type Header, readHeader } from './header.js';
import { centerCropDhariwal } from './resample.js';

/** The samples that pictures become. */
export interface Target {
  /** [C, H, W]; C is 1 (grey) or 3 (sRGB) */
  readonly shape: readonly number[];
  readonly resize: DataConfig['resize'];
  readonly background: string;
}

sharp.cache(false); // every picture is read once, so a cache of operations only wastes memory

/**
 * Whether pictures are already planar pixels of the target's size. Grey pixels fit a colour target: they are repeated.
 * @param shape [C, H, W] of the planar pixels; undefined = encoded pictures
 */
export const fits = ({ shape: [channels, height, width] }: Target, shape?: readonly number[]): boolean =>
  shape?.[1] === height && shape[2] === width && shape[0] <= channels;

/** Limits for decoding one picture while others are decoded. */
export interface Circumstances {
  /** waits until this number of bytes is free; returns the function that gives them back */
  admit?(bytes: number): Promise<Release>;
  /** factor on the time limit; default 1 */
  patience?: number;
}

/**
 * Decodes one picture: JPEG, PNG, WebP, GIF, AVIF or TIFF; the first frame if there are several. Its EXIF orientation
 * is applied. Its colour profile converts it to sRGB or grey. Transparent parts show the background. `resize` sets how
 * it is scaled: by an antialiased Lanczos filter, except for `center-crop-dhariwal`.
 * @param bytes the file, or planar pixels [C, H, W] if there is a `shape`
 * @param shape [C, H, W] of planar pixels; pixels of the target's shape are returned unchanged
 * @returns planar pixels [C, H, W] of the target's shape, 0 to 255
 * @throws Error with a reason in one line if the picture cannot be read, is cut short, or is refused (see `readHeader`)
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

/**
 * Scales a decoded frame as `decode` scales a picture.
 * @param frame sRGB, interleaved [height, width, 3]
 * @returns planar pixels [C, H, W] of the target's shape
 */
export async function decodeFrame(
  { pixels, width, height }: { readonly pixels: Uint8Array; readonly width: number; readonly height: number },
  target: Target,
): Promise<Uint8Array> {
  const [channels, ...size] = target.shape;
  if (channels === 3 && size[0] === height && size[1] === width) return planar(pixels, 3);
  return scaled(sharp(pixels, { raw: { channels: 3, height, width } }), target, basicTime);
}

/** Time limit of decoding in seconds, plus one second for each million pixels. */
const basicTime = 60;

/**
 * Opens a picture with 8 bits a value, with its EXIF orientation applied.
 *
 * Deeper values are reduced to 8 bits before the profile is applied. Otherwise libvips would convert to Display P3
 * instead of sRGB, and would ignore the profile of a grey picture.
 */
async function opened(bytes: Uint8Array, { isGrey, isDeep, hasProfile }: Header, background: string): Promise<Sharp> {
  const picture = sharp(bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true });
  if (isDeep) picture.pipelineColourspace(isGrey ? 'b-w' : 'srgb');
  if (!isGrey || !isColoured(background)) return picture;
  // Otherwise a grey picture would take only the luminance or the red of the background.
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
      fastShrinkOnLoad: false, // leaves the last factor of 2 to the filter, which avoids aliasing
    });
  }
  const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`${info.channels} channels after decoding`);
  const pixels = planar(data, channels);
  if (resize !== 'center-crop-dhariwal') return pixels;
  return centerCropDhariwal(pixels, [channels, info.height, info.width], [height, width]);
}

/** Whether a colour `#rrggbb` is not grey. */
const isColoured = (background: string): boolean => !/^#(..)\1\1$/i.test(background);

/** Checks a shape. @throws RinError if it is not [1 or 3, H, W] or [1 or 3, F, H, W] */
export function checkShape(shape: readonly number[]): void {
  const [channels, ...size] = shape;
  if (size.length === 1) {
    if (channels === 1) return;
    throw new RinError(`sounds have 1 channel, but the model has ${channels}; change model.channels`);
  }
  if (channels !== 1 && channels !== 3) {
    throw new RinError(
      `pictures have 1 channel (grey) or 3 (colour), but the model has ${channels}; change model.channels`,
    );
  }
}
