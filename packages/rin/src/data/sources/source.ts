/** One picture as it lies in its source: undecoded, with its class. */
export interface Picture {
  /** path within the source, with slashes */
  readonly name: string;
  /** index into the classes, or -1 for none */
  readonly label: number;
  /** the bytes of the file, or the pixels where the listing has a shape; throws where it cannot be read */
  read(): Uint8Array;
}

/** A picture that is not part of the data, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** All pictures of a source, in their order, which is the same on every machine. */
export interface Listing {
  readonly pictures: readonly Picture[];
  readonly classes: readonly string[];
  /** named by the source's own list, but not there */
  readonly missing: readonly Skipped[];
  /** [C, H, W], C 1 (grey) or 3 (sRGB), where the pictures are not encoded: each is planar pixels of this shape */
  readonly shape?: readonly number[];
  /** turns a picture's bytes into a bitmap that the decoder reads, where the source holds drawings */
  render?(bytes: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** Where pictures come from. */
export interface Source {
  /** how messages and runs call it */
  readonly name: string;
  /**
   * Text that differs whenever the pictures may have changed, obtained without reading them (times, sizes). A source
   * that is quicker read than watched has none.
   */
  readonly stamp?: string;
  /** sentences for the user, a line each, if part of what was named is not taken */
  readonly notice?: string;
  /** @throws RinError where the source is damaged or holds no pictures */
  list(): Promise<Listing>;
}

/** More pictures in a file of arrays are taken for damage of its header. */
export const mostPictures = 2 ** 22;

/** The name of a picture that has none: its number, with zeros before, so that names are in order. */
export const numbered = (index: number, count: number): string => String(index).padStart(String(count - 1).length, '0');

/** Bytes of the largest file of a picture that is read. */
export const largestPicture = 2 ** 30;

/** More files in a folder or an archive are refused. */
export const mostFiles = 2 ** 23;

/**
 * A part of the stamps of folders and archives. It changes when rin begins to understand them in another way, so that
 * what an older version noted of them does not count.
 */
export const understanding = '2';

/** What names of pictures end with; everything else in a source is passed over. */
export const pictureEnd = /\.(jpe?g|jpe|jfif|pjpe?g|pjp|a?png|webp|gif|avif|tiff?)$/i;
/** The formats of pictures, for messages. */
export const pictureFormats = 'jpg, png, webp, gif, avif, tiff';
export const isPicture = (name: string): boolean => pictureEnd.test(name);

/** Hidden files, and what systems leave behind: `.DS_Store`, `._photo.jpg`, `__MACOSX`, `@eaDir`, `$RECYCLE.BIN`, `Thumbs.db`. */
export const isHidden = (name: string): boolean =>
  /^(\.|__MACOSX$|@eaDir$|\$RECYCLE\.BIN$|thumbs\.db$|desktop\.ini$)/i.test(name);

const isDigit = (code: number) => code >= 48 && code <= 57;

/** Code unit at `index`, with the slash before all others, so that a folder's files stay together. */
const unit = (text: string, index: number) => (text[index] === '/' ? 0 : text.charCodeAt(index));

/**
 * Natural order of names and paths: runs of digits compare as numbers (`2.png` before `10.png`), everything else by
 * UTF-16 code unit, so that no locale and no version of a Unicode library changes it. Equal only for equal texts.
 */
export function naturalOrder(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (isDigit(unit(a, i)) && isDigit(unit(b, j))) {
      while (a[i] === '0') i++;
      while (b[j] === '0') j++;
      let first = 0; // the first digit that differs decides between numbers of the same length
      for (; isDigit(unit(a, i)) && isDigit(unit(b, j)); i++, j++) first ||= unit(a, i) - unit(b, j);
      const longer = Number(isDigit(unit(a, i))) - Number(isDigit(unit(b, j)));
      if (longer || first) return longer || first;
    } else {
      const difference = unit(a, i++) - unit(b, j++);
      if (difference) return difference;
    }
  }
  return a.length - i - (b.length - j) || (a < b ? -1 : Number(a > b));
}
