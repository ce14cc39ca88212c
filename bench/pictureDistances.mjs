// Squared Fréchet distances between two sets of pictures, with pixel values from 0 to 1, times 1,000:
//   thumbnails  of whole pictures, made 4 by 4 by the mean of equal blocks: 16 numbers for a channel
//   patches     of all patches of 4 by 4 pixels, side by side: sharpness, edges and speckle
import { frechetDistance } from '../packages/rin/dist/src/index.js';
import { RunningMoments } from './runningMoments.mjs';

/** Means and covariances of a set of pictures. */
export class PictureMoments {
  /** @param {number} channels @param {readonly number[]} sides  height and width, multiples of 4 */
  constructor(channels, sides) {
    this.channels = channels;
    this.sides = sides;
    this.thumbnails = new RunningMoments(16 * channels);
    this.patches = new RunningMoments(16 * channels);
  }

  /** @param {ArrayLike<number>} pixels  bytes, planar [C, H, W] */
  add(pixels) {
    this.thumbnails.add(this.#thumbnail(pixels));
    this.#addPatches(pixels);
  }

  /** Both distances: of thumbnails, of patches. @param {PictureMoments} other */
  distances(other) {
    return [this.thumbnails, this.patches].map(
      (mine, i) => 1000 * frechetDistance(mine, [other.thumbnails, other.patches][i]),
    );
  }

  /** Adds the blocks of 4 by 4 numbers of a picture. @param {ArrayLike<number>} pixels */
  #addPatches(pixels) {
    const [height, width] = this.sides;
    for (let top = 0; top < height; top += 4) {
      for (let left = 0; left < width; left += 4) {
        const at = (/** @type {unknown} */ _, /** @type {number} */ i) =>
          pixels[((i >> 4) * height + top + ((i >> 2) & 3)) * width + left + (i & 3)] / 255;
        this.patches.add(Array.from({ length: 16 * this.channels }, at));
      }
    }
  }

  /** The picture in 4 by 4 blocks, each the mean of its pixels. @param {ArrayLike<number>} pixels */
  #thumbnail(pixels) {
    const [height, width] = this.sides;
    const sums = new Array(16 * this.channels).fill(0);
    for (let i = 0; i < pixels.length; i++) {
      const [channel, row, column] = [Math.floor(i / height / width), Math.floor(i / width) % height, i % width];
      sums[16 * channel + 4 * Math.floor((4 * row) / height) + Math.floor((4 * column) / width)] += pixels[i];
    }
    return sums.map((sum) => (sum * 16) / height / width / 255);
  }
}
