import { writeOutput } from '../disk/output.js';
import { checkImage, type Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/**
 * Writes a picture as PNG, and makes its missing folders. The new file is complete or absent; an existing file is
 * replaced only by the complete new one.
 * @param image [1 or 3, H, W]
 * @throws RinError if the image has another shape, or the file cannot be written
 */
export async function writePng(path: string, image: Image): Promise<void> {
  await writeOutput(path, await encodePng(image));
}

/** The bytes of a PNG file. @throws RinError if the image is not [1 or 3, H, W] */
export function encodePng(image: Image): Promise<Uint8Array> {
  const [channels, height, width] = checkImage(image).shape;
  const raw = { channels: channels === 1 ? (1 as const) : (3 as const), height, width };
  return sharp(interleaved(image.data, channels), { raw, limitInputPixels: false })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}
