import type { Image } from '../../media/image.js';
import { pictureDepth, terminalPicture } from '../../media/terminalPicture.js';
import type { Screen } from './screen.js';
import { widthOf } from './width.js';

/** Draws a picture in the terminal, if the terminal supports it. */
export async function showPicture(picture: Image, screen: Screen): Promise<void> {
  const depth = pictureDepth(process.stdout);
  if (depth !== undefined) screen.show(await terminalPicture(picture, widthOf(process.stdout), depth));
}
