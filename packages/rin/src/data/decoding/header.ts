import { bytes as inBytes } from '@rin/core';
import sharp from '../../media/sharp.js';

/**
 * Larger pictures are refused, because a file of a few kilobytes can expand to gigabytes. Cameras reach 400 million.
 */
const mostPixels = 500_000_000;

/** Pictures that take more memory to decode are refused. In bytes. */
const mostMemory = 4e9;

/** The facts in the header of an encoded picture. */
export interface Header {
  /** name that sharp uses, such as `jpeg` */
  readonly format: string;
  /** in pixels, after the EXIF orientation is applied */
  readonly width: number;
  /** in pixels, after the EXIF orientation is applied */
  readonly height: number;
  readonly isGrey: boolean;
  /** whether it is grey or RGB with more than 8 bits a value */
  readonly isDeep: boolean;
  /** whether a colour profile is embedded */
  readonly hasProfile: boolean;
  /** about how many bytes libvips needs to decode it */
  readonly memory: number;
}

/**
 * Reads the header of an encoded picture, and checks the picture as far as possible without decoding it.
 * @param bytes the file (JPEG, PNG, WebP, GIF, AVIF, TIFF)
 * @throws Error with a reason if it is no picture, is too large, or has values that are not integers of 8 or 16 bits
 */
export async function readHeader(bytes: Uint8Array): Promise<Header> {
  const metadata = await sharp(bytes, { failOn: 'error', limitInputPixels: false }).metadata();
  const { format, space, depth, autoOrient, hasProfile, isProgressive } = metadata;
  const { width, height } = autoOrient;
  const pixels = width * height;
  if (pixels > mostPixels)
    throw new Error(`${width}×${height} pixels; expected at most ${mostPixels / 1e6} megapixels`);
  if (!/^u(char|short)$/.test(depth))
    throw new Error(`pixels of type ${depth}; expected whole numbers of 8 or 16 bits`);
  const memory = pixels * bytesPerPixel(format, depth === 'ushort', isProgressive);
  if (memory > mostMemory)
    throw new Error(
      `${width}×${height} pixels of ${format} take ${inBytes(memory)} to decode; expected at most ${inBytes(mostMemory)}`,
    );
  return {
    format,
    width,
    height,
    isGrey: /^(b-w|grey16)$/.test(space),
    isDeep: /^(rgb|grey)16$/.test(space),
    hasProfile,
    memory,
  };
}

/**
 * Bytes that decoding takes for each pixel, as measured (libvips 8.18, 64 megapixels). JPEG, PNG and TIFF are streamed.
 * Other formats, and interlaced or progressive files, are held in memory as a whole.
 */
function bytesPerPixel(format: string, isWide: boolean, isProgressive: boolean): number {
  if (format === 'heif') return isWide ? 25 : 18.5;
  if (format === 'webp') return 8.5;
  if (format === 'gif') return 5;
  return (isProgressive ? 3.5 : 1) * (isWide ? 2 : 1);
}
