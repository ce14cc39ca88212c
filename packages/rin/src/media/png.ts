import { writeOutput } from '../disk/output.js';
import { checkEnding } from './ending.js';
import { checkImage, type Image } from './image.js';
import { interleaved } from './planar.js';
import sharp from './sharp.js';

/**
 * Writes a picture as PNG, and makes its missing folders. The new file is complete or absent; an existing file is
 * replaced only by the complete new one.
 * @param path  ends in `.png`, or has no ending
 * @param image [1 or 3, H, W]
 * @throws RinError if the path has another ending, the image has another shape, or the file cannot be written
 */
export async function writePng(path: string, image: Image): Promise<void> {
  checkEnding(path, '.png');
  await writeOutput(path, await encodePng(image));
}

/** The bytes of a PNG file, in a Buffer. @param image [1 or 3, H, W] @throws RinError if the image has another shape */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const [channels, height, width] = checkImage(image).shape;
  const raw = { channels: channels === 1 ? (1 as const) : (3 as const), height, width };
  return sharp(interleaved(image.data, channels), { raw, limitInputPixels: false })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}
