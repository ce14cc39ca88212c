import type { Config } from '../config/config.js';
import { type Dataset, sampleLength } from '../data/dataset.js';
import { writeWhole } from '../disk/wholeFiles.js';
import { enlargement, grid } from '../media/grid.js';
import type { Image } from '../media/image.js';
import { encodePng } from '../media/png.js';

/** Pictures in a row of a preview, and its largest number of rows. */
const columns = 8;
const mostRows = 8;

/** The arrangement of a preview. Each row shows one class. Without classes, all rows show any samples. */
export interface Layout {
  /** class of each picture, row by row; -1 = no class */
  readonly classes: readonly number[];
  /** names of the rows; empty without classes */
  readonly labels: readonly string[];
}

/** The arrangement of all previews of a run. @param names names of the classes */
export function previewLayout({ model }: Config, names: readonly string[]): Layout {
  const rows = model.classes > 0 ? Math.min(model.classes, mostRows) : mostRows;
  const rowOf = (i: number) => (model.classes > 0 ? Math.floor(i / columns) : -1);
  const classes = Array.from({ length: rows * columns }, (_, i) => rowOf(i));
  return { classes, labels: model.classes > 0 ? names.slice(0, rows) : [] };
}

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

/** Writes pictures as a grid in PNG. Small pictures are enlarged. */
export async function writePreview(path: string, images: readonly Image[], { labels }: Layout): Promise<void> {
  const picture = grid(images, { columns, labels, scale: enlargement(images[0]) });
  await writeWhole(path, await encodePng(picture));
}
