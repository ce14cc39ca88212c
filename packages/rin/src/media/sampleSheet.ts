import { encodeFrames } from './clipFile.js';
import type { Format, MediumFormats } from './formats.js';
import { enlargement, grid } from './grid.js';
import type { Image } from './image.js';
import { encodePng } from './png.js';
import type { View } from './presentation.js';
import { Sheet } from './sheet.js';
import { joined } from './sound.js';
import { encodeWav } from './wav.js';

/** The arrangement of samples in one file. */
export interface SheetLayout {
  /** name of each sample's class; empty if there are no classes */
  readonly names: readonly string[];
  /** samples in a row; default: as `Sheet` */
  readonly columns?: number;
}

/**
 * The bytes of a file with many samples: one animation if they move, all their stills in a PNG, or all sounds one after the
 * other.
 * @param rate frames per second of clips, samples per second of sounds
 */
export async function encodeSheet(
  views: readonly View[],
  shown: Pick<MediumFormats, 'isWide'>,
  layout: SheetLayout,
  format: Format,
  rate: number,
): Promise<Uint8Array> {
  if (format === 'png') return encodePng(stillSheet(views, shown, layout));
  if (format === 'wav') return encodeWav(joined(views.flatMap(({ sound }) => sound ?? [])), { rate });
  const frames = views[0].frames.map((_, time) => frameSheet(views, layout, time));
  return encodeFrames(frames, format, rate);
}

/** All samples at one time, such as the first. */
export function frameSheet(views: readonly View[], { names, columns }: SheetLayout, time = 0): Image {
  return new Sheet(views.length, names, columns).draw(views.map(({ frames }) => frames[time]));
}

/** The stills of all samples. Wide ones are one below the other. */
export function stillSheet(
  views: readonly View[],
  { isWide }: Pick<MediumFormats, 'isWide'>,
  { names, columns }: SheetLayout,
): Image {
  return new Sheet(views.length, names, isWide ? 1 : columns).draw(views.map(({ still }) => still));
}

/**
 * Two samples beside each other; their stills are above each other if they are wide. Small pictures are enlarged. Of two sounds,
 * the second comes after the first.
 */
export function pairOf(one: View, other: View, { isWide }: Pick<MediumFormats, 'isWide'>): View {
  const pair = (a: Image, b: Image, columns: number): Image =>
    grid([a, b], { columns, scale: enlargement(a), margin: 2 });
  return {
    frames: one.frames.map((frame, time) => pair(frame, other.frames[time], 2)),
    still: pair(one.still, other.still, isWide ? 1 : 2),
    ...(one.sound && other.sound && { sound: joined([one.sound, other.sound]) }),
  };
}
