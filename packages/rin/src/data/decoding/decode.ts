import { RinError } from '@rin/core';
import type { DataConfig } from '../../config/data.js';
import { interleaved, planar } from '../../media/planar.js';
import sharp from '../../media/sharp.js';
import { centerCropDhariwal } from './resample.js';

/** What becomes of a picture. */
export interface Target {
  /** [C, H, W]; C is 1 (grey) or 3 (sRGB) */
  readonly shape: readonly number[];
  readonly resize: DataConfig['resize'];
  readonly background: string;
}

/** Larger pictures are refused: a file of a few kilobytes can unfold to gigabytes. */
const mostPixels = 100_000_000;

sharp.cache(false); // every picture is read once; a cache of operations only holds memory

/** Whether pictures are planar pixels of the target's size already; grey ones become colour by being repeated. */
export const fits = ({ shape: [channels, height, width] }: Target, shape?: readonly number[]): boolean =>
  shape?.[1] === height && shape[2] === width && shape[0] <= channels;

/**
 * Decodes one picture (JPEG, PNG, WebP, GIF, AVIF, TIFF; of several frames the first), turned as its EXIF orientation
 * says, transparent parts on the background, converted to sRGB or grey, and scaled as `resize` says, by an
 * antialiased Lanczos filter unless it names another.
 * @param shape where the bytes are no file but planar pixels: theirs; where it is the target's they stay as they are
 * @returns planar pixels [C, H, W]
 * @throws {Error} with a reason of one line where the picture cannot be read or is only partly there
 */
export async function decode(bytes: Uint8Array, target: Target, shape?: readonly number[]): Promise<Uint8Array> {
  const { resize, background } = target;
  const [channels, height, width] = target.shape;
  if (fits(target, shape)) return shape?.[0] === channels ? bytes : Buffer.concat(new Array(channels).fill(bytes));
  const picture = sharp(shape ? interleaved(bytes, shape[0]) : bytes, {
    failOn: 'error',
    limitInputPixels: mostPixels,
    autoOrient: true,
    ...(shape && { raw: { channels: shape[0] === 1 ? 1 : 3, height: shape[1], width: shape[2] } }),
  });
  if (isTiff(bytes) || isColoured(background)) {
    const { depth, space } = await picture.metadata();
    if (!/^u(char|short)$/.test(depth))
      throw new Error(`pixels of type ${depth}; expected whole numbers of 8 or 16 bits`);
    // Else a grey picture would take the luminance of the background, or its red alone.
    if (isColoured(background) && ['b-w', 'grey16'].includes(space)) picture.pipelineColourspace('srgb');
  }
  picture
    .flatten({ background })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .timeout({ seconds: 60 });
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

/** The only format with other pixels than whole numbers of 8 or 16 bits. */
const isTiff = (bytes: Uint8Array): boolean => /^(II|MM)$/.test(String.fromCharCode(...bytes.subarray(0, 2)));

/** Whether a `#rrggbb` is no shade of grey. */
const isColoured = (background: string): boolean => !/^#(..)\1\1$/i.test(background);

/** @throws {RinError} for shapes that pictures cannot have */
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
