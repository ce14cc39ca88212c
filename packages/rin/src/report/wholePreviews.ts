import type { MediumFormats } from '../media/formats.js';
import { imagesOfPreview } from '../runs/runDirectory.js';

/** A preview of a run. */
export interface WholePreview {
  /** name of its files without the ending, such as `fakes-000010k` */
  readonly stem: string;
  /** images seen */
  readonly images: number;
}

/**
 * The previews of which all pictures are there. Sounds may be missing.
 * @param names  of the files of a run
 * @returns the previews in the order of images, and whether the samples of the data are there too
 */
export function wholePreviews(
  names: readonly string[],
  { preview }: Pick<MediumFormats, 'preview'>,
): { readonly stems: readonly WholePreview[]; readonly hasReals: boolean } {
  const there = new Set(names);
  const endings = preview.filter((format) => format !== 'wav');
  const isWhole = (stem: string) => endings.every((format) => there.has(`${stem}.${format}`));
  const stems = names.flatMap((name) => {
    const stem = /^(fakes-\d+(?:\.\d{3})?k)\.png$/.exec(name)?.[1];
    return stem !== undefined && isWhole(stem) ? [{ stem, images: imagesOfPreview(name) }] : [];
  });
  return { stems: stems.sort((a, b) => a.images - b.images), hasReals: isWhole('reals') };
}
