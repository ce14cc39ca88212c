import { lengthOf } from '@rin/core';
import { decode, type Target } from '../../data/decoding/decode.js';
import { findSource } from '../../data/find.js';
import type { Listing, Picture } from '../../data/sources/source.js';
import { spreadOver } from '../../data/spreadOver.js';
import type { PictureHeaders } from '../../data/survey.js';
import type { Image } from '../../media/image.js';
import { Sheet } from '../../media/sheet.js';

/** Most pictures of a class in its row, and most rows. */
const [inRow, mostRows] = [8, 100];
/** Largest side of a cell, in pixels. */
const largestCell = 128;

/** A row of pictures for each class, or some of all pictures if there are no classes. They are uncropped, on white. */
export async function contactSheet(source: string, { widths, heights }: PictureHeaders): Promise<Image> {
  const side = Math.min(largestCell, Math.max(1, widths.median, heights.median));
  const target: Target = { shape: [3, side, side], resize: 'fit', background: '#ffffff' };
  const listing = await (await findSource(source, side, {})).list();
  try {
    const { cells, columns } = choose(listing);
    const images: Image[] = [];
    for (const cell of cells) images.push({ data: await drawn(cell.picture, listing, target), shape: target.shape });
    const names = cells.flatMap(({ name }) => name ?? []);
    return new Sheet(images.length, names, columns).draw(images);
  } finally {
    listing.close();
  }
}

/** A place on the sheet. It is empty if the class has no more pictures. */
interface Cell {
  readonly picture?: Picture;
  readonly name?: string;
}

function choose({ pictures, classes }: Listing): { cells: Cell[]; columns: number } {
  if (classes.length === 0) {
    return { cells: spreadOver(pictures, inRow * inRow).map((picture) => ({ picture })), columns: inRow };
  }
  const byClass = classes.map((): Picture[] => []);
  for (const picture of pictures) byClass[picture.label]?.push(picture);
  const rows = byClass.slice(0, mostRows).map((all) => spreadOver(all, inRow));
  const columns = Math.max(...rows.map((row) => row.length));
  const cells = rows.flatMap((row, label) =>
    Array.from({ length: columns }, (_, column) => ({ picture: row.at(column), name: classes[label] })),
  );
  return { cells, columns };
}

/** The pixels of a picture. White if there is no picture, or if it cannot be read. */
async function drawn(picture: Picture | undefined, { shape, render }: Listing, target: Target): Promise<Uint8Array> {
  try {
    if (picture) return await decode(render ? await render(picture.read()) : picture.read(), target, shape);
  } catch {
    // the survey reports it
  }
  return new Uint8Array(lengthOf(target.shape)).fill(255);
}
