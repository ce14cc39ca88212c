import { drawText, letterHeight } from './font.js';
import { heatColour } from './heat.js';
import type { Image } from './image.js';

/** Grey level of text. */
const ink = 64;

/** A white colour picture on which others, text and colour scales are drawn. (0, 0) is the top left. */
export class Canvas {
  readonly #data: Uint8Array;
  readonly #height: number;
  readonly #width: number;

  constructor(height: number, width: number) {
    this.#data = new Uint8Array(3 * height * width).fill(255);
    this.#height = height;
    this.#width = width;
  }

  /** @param image [1 or 3, H, W], all of it on the canvas @param scale each of its pixels becomes a square of this side */
  paste({ data, shape: [channels, height, width] }: Image, left: number, top: number, scale = 1): void {
    const plane = height * width;
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++) {
        const at = Math.floor(y / scale) * width + Math.floor(x / scale);
        const colour = [0, 1, 2].map((channel) => data[(channels === 1 ? 0 : channel * plane) + at]);
        this.#dot(left + x, top + y, colour);
      }
  }

  /** Text in the built-in font. What is beyond the canvas is left out. @param size side of a pixel of its letters */
  text(words: string, left: number, top: number, size = 1): void {
    drawText(words, (x, y) => {
      for (let dy = 0; dy < size; dy++)
        for (let dx = 0; dx < size; dx++) this.#dot(left + x * size + dx, top + y * size + dy, [ink, ink, ink]);
    });
  }

  /** The colour scale as a bar: 1 at the top, 0 at the bottom. */
  scale(left: number, top: number, height: number, width: number): void {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) this.#dot(left + x, top + y, heatColour(1 - y / Math.max(1, height - 1)));
  }

  /** The picture, [3, height, width] */
  get image(): Image {
    return { data: this.#data, shape: [3, this.#height, this.#width] };
  }

  #dot(x: number, y: number, colour: readonly number[]): void {
    if (x < 0 || x >= this.#width || y < 0 || y >= this.#height) return;
    const plane = this.#height * this.#width;
    for (const [channel, value] of colour.entries()) this.#data[channel * plane + y * this.#width + x] = value;
  }
}

/** Height of a line of text with a gap below. */
export const lineHeight = (size: number): number => (letterHeight + 3) * size;
