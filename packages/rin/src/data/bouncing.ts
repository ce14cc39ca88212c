import { lengthOf, philox4x32 } from '@rin/core';
import { planar } from '../media/planar.js';
import sharp from '../media/sharp.js';
import { type Dataset, MeanSquare } from './dataset.js';
import type { ClipSource } from './sources/clips.js';
import { emojiSource } from './sources/emoji.js';
import { sha256 } from './storeIndex.js';

/** Changes with the clips. */
const version = 1;

/** Number of clips. An epoch of them is longer than a training; index and clip have no period. */
const clips = 2 ** 24;

/** Diameter of a picture, as a share of the shorter side. */
const [smallest, largest] = [0.45, 0.6];

/** Way of a picture from frame to frame along each axis, as a share of the room that it has. */
const [slowest, fastest] = [0.04, 0.12];

/** Tangents of half angles: the tilt in the first frame (at most 33°), and the turn from frame to frame (2° to 11°). */
const mostTilt = 0.3;
const [leastTurn, mostTurn] = [0.02, 0.1];

/** Number of clips from which the mean square of all is estimated. */
const measured = 256;

/** Key of the draws: the word "clip". */
const key = [0x636c6970, version] as const;

/**
 * The built-in clips: the built-in pictures move, turn, and bounce off the edges. Each clip is a function of its index
 * alone. The pictures take turns, and their classes are those of the clips.
 */
export function bouncingSource(): ClipSource {
  const pictures = emojiSource(1);
  return {
    name: 'bouncing',
    async list() {
      const { classes, close } = await pictures.list();
      return { recordings: [], classes, missing: [], close };
    },
    built: openBouncing,
  };
}

/** A picture with premultiplied alpha: four values from 0 to 255 for each pixel, with an empty pixel around it. */
interface Sprite {
  readonly values: Float32Array;
  /** pixels along each axis, with the empty ones */
  readonly side: number;
}

/** @param shape [1 or 3, F, H, W] @param background `#rrggbb` */
async function openBouncing(shape: readonly number[], background: string): Promise<Dataset> {
  const [channels, , height, width] = shape;
  const side = Math.max(4, Math.round(largest * Math.min(height, width)));
  const { pictures, classes, render, close } = await emojiSource(side).list();
  const sprites: Sprite[] = [];
  for (const picture of pictures) {
    const drawing = picture.read();
    sprites.push(await spriteOf(render ? await render(drawing) : drawing, side, channels));
  }
  close();
  const painter = new Painter(shape, await colourOf(background, channels), sprites);
  const read = (index: number, out: Uint8Array) => {
    if (!Number.isInteger(index) || index < 0 || index >= clips)
      throw new RangeError(`bouncing: sample ${index}: expected 0 to ${clips - 1}`);
    if (out.length < lengthOf(shape)) throw new RangeError(`a sample has ${lengthOf(shape)} values, not ${out.length}`);
    painter.draw(index, out);
  };
  const meanSquare = new MeanSquare();
  const sample = new Uint8Array(lengthOf(shape));
  for (let index = 0; index < measured; index++) {
    read(index, sample);
    meanSquare.add(sample);
  }
  return {
    ...{ name: 'bouncing', length: clips, shape, classes, meanSquare: meanSquare.value, skipped: [] },
    memory: sprites.reduce((sum, { values }) => sum + values.byteLength, 0),
    fingerprint: sha256(JSON.stringify(['bouncing', version, shape, background])),
    label: (index) => pictures[index % pictures.length].label,
    read,
    close() {},
  };
}

/** @param channels 1 or 3 */
async function spriteOf(drawing: Uint8Array, inner: number, channels: number): Promise<Sprite> {
  const pixels = await sharp(drawing)
    .resize(inner, inner, { fit: 'contain', background: '#00000000', kernel: 'lanczos3' })
    .extend({ top: 1, bottom: 1, left: 1, right: 1, background: '#00000000' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer();
  const values = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3] / 255;
    const grey = luma(pixels[i], pixels[i + 1], pixels[i + 2]);
    for (let c = 0; c < 3; c++) values[i + c] = alpha * (channels === 1 ? grey : pixels[i + c]);
    values[i + 3] = alpha;
  }
  return { values, side: inner + 2 };
}

/** Weights of ITU-R BT.709. */
const luma = (red: number, green: number, blue: number): number => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

async function colourOf(background: string, channels: number): Promise<number[]> {
  const raw = sharp({ create: { width: 1, height: 1, channels: 3, background } }).raw();
  const [red, green, blue] = planar(await raw.toBuffer(), 3);
  return channels === 1 ? [Math.round(luma(red, green, blue))] : [red, green, blue];
}

/** Draws clips. All operations are exact in IEEE 754, so that the bytes are the same in every engine. */
class Painter {
  readonly #shape: readonly number[];
  readonly #background: readonly number[];
  readonly #sprites: readonly Sprite[];

  constructor(shape: readonly number[], background: readonly number[], sprites: readonly Sprite[]) {
    this.#shape = shape;
    this.#background = background;
    this.#sprites = sprites;
  }

  /** Writes the clip [C, F, H, W] of an index. */
  draw(index: number, out: Uint8Array): void {
    const [channels, frames, height, width] = this.#shape;
    const plane = height * width;
    for (let channel = 0; channel < channels; channel++)
      out.fill(this.#background[channel], channel * frames * plane, (channel + 1) * frames * plane);
    const sprite = this.#sprites[index % this.#sprites.length];
    const draws = [0, 1].flatMap((block) =>
      philox4x32([index >>> 0, Math.floor(index / 2 ** 32), block, 0], key).map((word) => (word + 0.5) / 2 ** 32),
    );
    const between = (least: number, most: number, draw: number) => least + (most - least) * draw;
    const way = (draw: number) => (draw < 0.5 ? -1 : 1) * between(slowest, fastest, Math.abs(2 * draw - 1));
    const diameter = between(smallest, largest, draws[0]) * Math.min(height, width);
    const [speedY, speedX] = [way(draws[1]), way(draws[2])];
    const [startY, startX] = [2 * draws[3], 2 * draws[4]];
    const turn = rotor((draws[5] < 0.5 ? -1 : 1) * between(leastTurn, mostTurn, Math.abs(2 * draws[5] - 1)));
    let direction = rotor(between(-mostTilt, mostTilt, draws[6]));
    for (let frame = 0; frame < frames; frame++) {
      const y = diameter / 2 + bounced(startY + frame * speedY) * (height - diameter);
      const x = diameter / 2 + bounced(startX + frame * speedX) * (width - diameter);
      this.#paint(out, frame, sprite, { y, x, diameter, direction });
      direction = turned(direction, turn);
    }
  }

  #paint(out: Uint8Array, frame: number, { values, side }: Sprite, { y, x, diameter, direction }: Pose): void {
    const [channels, frames, height, width] = this.#shape;
    const { cos, sin } = direction;
    const scale = (side - 2) / diameter; // pixels of the sprite for each pixel of the frame
    const reach = (diameter / 2) * (Math.abs(cos) + Math.abs(sin)) + 1;
    const [top, bottom] = [Math.max(0, Math.floor(y - reach)), Math.min(height, Math.ceil(y + reach))];
    const [left, right] = [Math.max(0, Math.floor(x - reach)), Math.min(width, Math.ceil(x + reach))];
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const [dy, dx] = [row + 0.5 - y, column + 0.5 - x];
        const v = scale * (cos * dy - sin * dx) + side / 2 - 0.5;
        const u = scale * (cos * dx + sin * dy) + side / 2 - 0.5;
        const [v0, u0] = [Math.floor(v), Math.floor(u)];
        if (v0 < 0 || u0 < 0 || v0 >= side - 1 || u0 >= side - 1) continue;
        const [fv, fu] = [v - v0, u - u0];
        const a = 4 * (v0 * side + u0);
        const b = a + 4 * side;
        const [wa, wb, wc, wd] = [(1 - fv) * (1 - fu), (1 - fv) * fu, fv * (1 - fu), fv * fu];
        const alpha = wa * values[a + 3] + wb * values[a + 7] + wc * values[b + 3] + wd * values[b + 7];
        if (alpha === 0) continue;
        for (let channel = 0; channel < channels; channel++) {
          const i = a + channel;
          const j = b + channel;
          const colour = wa * values[i] + wb * values[i + 4] + wc * values[j] + wd * values[j + 4];
          const to = ((channel * frames + frame) * height + row) * width + column;
          out[to] = Math.floor(colour + (1 - alpha) * this.#background[channel] + 0.5);
        }
      }
    }
  }
}

/** Where a picture is, in pixels from the top left, and how large and in which direction. */
interface Pose {
  readonly y: number;
  readonly x: number;
  readonly diameter: number;
  readonly direction: Direction;
}

interface Direction {
  readonly cos: number;
  readonly sin: number;
}

/** The direction of an angle. @param t tangent of half the angle */
const rotor = (t: number): Direction => ({ cos: (1 - t * t) / (1 + t * t), sin: (2 * t) / (1 + t * t) });

const turned = (a: Direction, b: Direction): Direction => ({
  cos: a.cos * b.cos - a.sin * b.sin,
  sin: a.sin * b.cos + a.cos * b.sin,
});

/** A way along a line, reflected at 0 and 1. */
function bounced(way: number): number {
  const place = way - 2 * Math.floor(way / 2);
  return place < 1 ? place : 2 - place;
}
