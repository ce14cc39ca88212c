/** One decoded frame of a recording. */
export interface Frame {
  /** sRGB, interleaved [height, width, 3] */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The facts of a recording. */
export interface FilmFacts {
  /** name of the codec or the format, such as `h264` or `gif`; `frames` for a folder */
  readonly format: string;
  /** in pixels, as it is shown */
  readonly width: number;
  /** in pixels, as it is shown */
  readonly height: number;
  /** number of frames in the file */
  readonly frames: number;
  /** frames per second, if a frame follows another at the usual distance; absent for a folder of frames */
  readonly rate?: number;
  /** whether an animation repeats without end */
  readonly isEndless: boolean;
}

/** A recording whose facts are known. */
export interface Film extends FilmFacts {
  /**
   * The frames at equal distances in time.
   * @param rate frames per second; absent = that of the file, so that evenly spaced frames come once each
   * @throws Error with a reason if the file is damaged; the frames before the damage come first
   */
  play(rate?: number): AsyncGenerator<Frame>;
}

/** Limit for the pixels of a frame. A 16K video has 132 million. */
export const mostPixels = 2 ** 27;

/** Limit for the frames that a recording becomes: 11 hours at 25 frames per second. More mean damaged times. */
export const mostFrames = 1_000_000;

/** @throws Error if a frame is too large */
export function checkSize(width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= mostPixels) return;
  throw new Error(`frames of ${width}×${height} pixels; expected at most ${Math.floor(mostPixels / 1e6)} megapixels`);
}

/**
 * The frames that are shown at equal distances in time, by number, in ascending order.
 * @param times how long each frame is shown, in milliseconds
 * @param rate  frames per second
 * @param error largest error of the times at which frames begin, in milliseconds
 * @throws Error if there are too many
 */
export function* evenly(times: readonly number[], rate: number, error: number): Generator<number> {
  const total = times.reduce((sum, time) => sum + time, 0);
  const count = Math.max(1, Math.round((total * rate) / 1000));
  if (count > mostFrames) throw new Error(`${count} frames at ${rate} per second; expected at most ${mostFrames}`);
  let frame = 0;
  let end = times[0];
  for (let i = 0; i < count; i++) {
    while (frame + 1 < times.length && (1000 * i) / rate + error + rounding >= end) end += times[++frame];
    yield frame;
  }
}

/** In milliseconds: differences that come from rounding of numbers. */
const rounding = 1e-6;
