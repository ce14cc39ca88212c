import { type Dataset, sampleLength } from '../data/dataset.js';
import { writeWhole } from '../disk/wholeFiles.js';
import { type Clip, cutClip } from '../media/clip.js';
import { enlargement, grid } from '../media/grid.js';
import type { Image } from '../media/image.js';
import { encodePng } from '../media/png.js';
import type { Layout } from './previewPlan.js';

/** Pictures of the data in a layout: the first ones of each class. If a class has too few, they repeat. */
export function realPictures(data: Dataset, { classes }: Layout): Image[] {
  const found = new Map<number, number[]>();
  for (const label of new Set(classes)) found.set(label, []);
  for (let index = 0; index < data.length; index++) {
    const members = found.get(found.has(-1) ? -1 : data.label(index));
    if (members && members.length < classes.length) members.push(index);
  }
  const used = new Map<number, number>();
  return classes.map((label) => {
    const members = found.get(label) ?? [];
    const count = used.get(label) ?? 0;
    used.set(label, count + 1);
    const pixels = new Uint8Array(sampleLength(data.shape));
    if (members.length > 0) data.read(members[count % members.length], pixels);
    else pixels.fill(255);
    return { data: pixels, shape: data.shape };
  });
}

/**
 * The frames that the clips of a preview are given: the first ones of clips of the data, in the layout of the preview.
 * @param frames  `model.givenFrames`
 * @returns undefined for 0, because nothing is given then
 */
export const givenClips = (data: Dataset, layout: Layout, frames: number): Clip[] | undefined =>
  frames === 0 ? undefined : realPictures(data, layout).map((clip) => cutClip(clip, 0, frames));

/** Writes pictures as a grid in PNG. Small pictures are enlarged. @param names names of the classes */
export async function writePreview(
  path: string,
  images: readonly Image[],
  { columns, classes }: Layout,
  names: readonly string[],
): Promise<void> {
  const rows = [...new Set(classes)].filter((label) => label >= 0);
  const labels = rows.map((label) => names[label] ?? String(label));
  const picture = grid(images, { columns, labels, scale: enlargement(images[0]) });
  await writeWhole(path, await encodePng(picture));
}
