import sharp from '../../../media/sharp.js';
import { isPng, parseApng } from './apng.js';

/** Number of frames of an encoded picture; 1 if it is not animated. @throws Error with a reason if it cannot be read */
export async function countFrames(bytes: Uint8Array): Promise<number> {
  if (isPng(bytes)) return parseApng(bytes)?.frames.length ?? 1;
  return (await sharp(bytes, { limitInputPixels: false, animated: true }).metadata()).pages ?? 1;
}
