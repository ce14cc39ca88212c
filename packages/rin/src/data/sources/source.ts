/** One picture of a source: undecoded, with its class. */
export interface Picture {
  /** path within the source, with slashes */
  readonly name: string;
  /** index into the classes, or -1 for none */
  readonly label: number;
  /** the bytes of the file, or the pixels if the listing has a shape; throws if they cannot be read */
  read(): Uint8Array;
}

/** A picture that is skipped, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** All pictures of a source. Their order is the same on every machine. */
export interface Listing {
  readonly pictures: readonly Picture[];
  readonly classes: readonly string[];
  /** entries of the source's own list that are no pictures of the source */
  readonly missing: readonly Skipped[];
  /** [C, H, W], if the pictures are not encoded: each is planar pixels of this shape; C is 1 (grey) or 3 (sRGB) */
  readonly shape?: readonly number[];
  /** if the source has drawings: turns a picture's bytes into a bitmap that the decoder reads */
  render?(bytes: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** The origin of pictures. */
export interface Source {
  /** name in messages and runs */
  readonly name: string;
  /**
   * Text that differs if the pictures may have changed, found without reading them (from times and sizes). Absent if
   * reading the source is faster.
   */
  readonly stamp?: string;
  /** sentences for the user, one on each line, if a part of the source is not used */
  readonly notice?: string;
  /** @throws RinError if the source is damaged or has no pictures */
  list(): Promise<Listing>;
}

/** Limit for the pictures in a file of arrays. A larger number means a damaged header. */
export const mostPictures = 2 ** 22;

/** The name of a picture in a file of arrays: its number with leading zeros, so that the names are in order. */
export const numbered = (index: number, count: number): string => String(index).padStart(String(count - 1).length, '0');

/** Limit in bytes for the file of a picture. */
export const largestPicture = 2 ** 30;

/** Limit for the files in a folder or an archive. */
export const mostFiles = 2 ** 23;

/**
 * A part of the stamps of folders and archives. It changes when rin reads them in another way, so that digests saved by
 * an older version are not used.
 */
export const understanding = '2';

/** The suffixes of pictures. All other files of a source are ignored. */
export const pictureEnd = /\.(jpe?g|jpe|jfif|pjpe?g|pjp|a?png|webp|gif|avif|tiff?)$/i;
/** The formats of pictures, for messages. */
export const pictureFormats = 'jpg, png, webp, gif, avif, tiff';
export const isPicture = (name: string): boolean => pictureEnd.test(name);

/** Hidden files, and files that systems create: `.DS_Store`, `__MACOSX`, `@eaDir`, `$RECYCLE.BIN`, `Thumbs.db`. */
export const isHidden = (name: string): boolean =>
  /^(\.|__MACOSX$|@eaDir$|\$RECYCLE\.BIN$|thumbs\.db$|desktop\.ini$)/i.test(name);

const isDigit = (code: number) => code >= 48 && code <= 57;

/** Code unit at `index`. The slash comes before all others, so that the files of a folder stay together. */
const unit = (text: string, index: number) => (text[index] === '/' ? 0 : text.charCodeAt(index));

/**
 * Natural order of names and paths. Runs of digits compare as numbers, so `2.png` comes before `10.png`. Everything
 * else compares by UTF-16 code unit, so the order does not depend on a locale or a Unicode version.
 * @returns negative, positive, or 0 only for equal texts
 */
export function naturalOrder(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (isDigit(unit(a, i)) && isDigit(unit(b, j))) {
      while (a[i] === '0') i++;
      while (b[j] === '0') j++;
      let first = 0; // the first differing digit decides between numbers of the same length
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
