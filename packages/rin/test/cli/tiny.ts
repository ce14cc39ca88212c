import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Colour, folderOf } from '../data/fixtures.js';

/** A network of 8×8 pixels that sees some hundred pictures a second. */
const yaml = `name: tiny
model: { size: 8, patch: 4, latents: 6, latentDim: 16, latentHeads: 2, interfaceDim: 16, readWriteHeads: 2, depth: [1] }
training:
  { images: 1600, batch: 8, warmup: 80, device: cpu, precision: float32, threads: 1, logEvery: 80, sampleEvery: 800, checkpointEvery: 800 }
sampling: { steps: 3 }
`;

/** A folder with `tiny.yaml`, and six pictures of three classes in `pictures`. */
export async function workplace(): Promise<string> {
  const shades = [80, 240];
  const classes: Record<string, (shade: number) => Colour> = {
    red: (shade) => [shade, 0, 0],
    green: (shade) => [0, shade, 0],
    blue: (shade) => [0, 0, shade],
  };
  const pictures = Object.entries(classes).flatMap(([name, colour]) =>
    shades.map((shade) => [`pictures/${name}/${shade}.png`, colour(shade)] as const),
  );
  const folder = await folderOf(Object.fromEntries(pictures));
  writeFileSync(join(folder, 'tiny.yaml'), yaml);
  return folder;
}
