import sharp from '../../src/media/sharp.js';
import { random } from './fixtures.js';

/** A kind of picture that a test makes: its values at a pixel, 0 to 255. */
type Paint = (x: number, y: number) => readonly number[];

async function png(width: number, height: number, paint: Paint): Promise<Buffer> {
  const pixels = Array.from({ length: width * height }, (_, i) => paint(i % width, Math.floor(i / width)));
  const channels = pixels[0].length === 1 ? 1 : 3;
  return sharp(Buffer.from(pixels.flat()), { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}

/** Like a photograph: light from one side, and the noise of a sensor. */
export function noisy(width: number, height = width, seed = 0, channels = 3): Promise<Buffer> {
  const next = random(seed);
  const one = (x: number, y: number) => Math.round(40 + (120 * (x + y)) / (width + height) + 60 * next());
  return png(width, height, (x, y) => Array.from({ length: channels }, () => one(x, y)));
}

/** Like a drawing: a disc on one colour, each with a slight gradient in steps of 8 pixels. */
export function flat(width: number, height = width, seed = 0, channels = 3): Promise<Buffer> {
  const next = random(seed);
  const [cx, cy, r] = [width * next(), height * next(), (width * (1 + next())) / 4];
  return png(width, height, (x, y) => {
    const step = 4 * Math.floor(y / 8);
    const colour = (x - cx) ** 2 + (y - cy) ** 2 < r ** 2 ? [200, 40 + step, 60] : [20, 90, 150 + step];
    return colour.slice(0, channels);
  });
}

/** Like a tile of a game: noise in a few colours, without flat areas. */
export function textured(side: number, colours: number, seed = 0): Promise<Buffer> {
  const next = random(seed);
  return png(side, side, () => {
    const shade = Math.floor(colours * next());
    return [30 + 3 * shade, 20 + 2 * shade, 200 - 3 * shade];
  });
}

/** Some pictures under names: `a/0.png`, `b/1.png`, … in two classes. */
export async function folder(count: number, make: (seed: number) => Promise<Buffer>): Promise<Record<string, Buffer>> {
  const all = Array.from({ length: count }, async (_, i) => [`${i % 2 ? 'b' : 'a'}/${i}.png`, await make(i)] as const);
  return Object.fromEntries(await Promise.all(all));
}
