import sharp from '../../../media/sharp.js';
import { attempted } from '../attempts.js';
import { readHeader } from '../header.js';
import { apngFrames, isPng, parseApng } from './apng.js';
import { checkSize, evenly, type Film, type Frame } from './film.js';
import { hasGifEnd } from './gifEnd.js';

/** A frame that is shown for a shorter time takes 100 ms, as in browsers. In milliseconds. */
const shortest = 11;
const usual = 100;

/** Times are stored as multiples of this, in milliseconds. */
const unitOf = (format: string): number => (format === 'gif' ? 10 : 1);

/** Bytes of the frames that are decoded at once. */
const bytesAtOnce = 2 ** 25;

/**
 * Opens an animated GIF, WebP or PNG. Transparent parts show the background.
 * @param bytes      the file
 * @param background `#rrggbb`
 * @throws Error with a reason if it cannot be read
 */
export async function openAnimation(bytes: Uint8Array, background: string): Promise<Film> {
  const { width, height, format, times, isEndless, frames } = await opened(bytes, background);
  checkSize(width, height);
  const unit = unitOf(format);
  const shown = evened(
    times.map((time) => (time < shortest ? usual : time)),
    unit,
  );
  const own = 1000 / shown.reduce((least, time) => Math.min(least, time));
  return {
    ...{ format, width, height, frames: times.length, rate: own, isEndless },
    async *play(rate = own) {
      const decoded = frames();
      let [at, frame] = [-1, await decoded.next()];
      try {
        for (const index of evenly(shown, rate, unit / 2)) {
          for (; at < index; at++) if (at >= 0) frame = await decoded.next();
          if (frame.done) throw new Error('it is cut short');
          yield frame.value;
        }
      } finally {
        await decoded.return(undefined);
      }
    },
  };
}

/** Times that differ only because they were rounded to units are equal: 30 and 40 ms in a GIF of 30 frames per second. */
function evened(times: readonly number[], unit: number): readonly number[] {
  const [least, most] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
  if (most - least > unit) return times;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return times.map(() => mean);
}

/** An animation whose header was read. */
interface Opened {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** of each frame, in milliseconds */
  readonly times: readonly number[];
  readonly isEndless: boolean;
  frames(): AsyncGenerator<Frame>;
}

async function opened(bytes: Uint8Array, background: string): Promise<Opened> {
  const apng = isPng(bytes) ? parseApng(bytes) : undefined;
  if (apng) {
    const { width, height, isEndless } = apng;
    return {
      ...{ format: 'apng', width, height, isEndless, times: apng.frames.map(({ time }) => time) },
      async *frames() {
        for await (const pixels of apngFrames(apng)) {
          const raw = { channels: 4, height, width } as const;
          yield { pixels: await sharp(pixels, { raw }).flatten({ background }).raw().toBuffer(), width, height };
        }
      },
    };
  }
  const { format } = await attempted(() => readHeader(bytes));
  if (format === 'gif' && !hasGifEnd(bytes)) throw new Error('GIF is cut short');
  const all = await sharp(bytes, { animated: true, limitInputPixels: false }).metadata();
  const { width, pages = 1, height: whole, delay = [], loop } = all;
  const height = all.pageHeight ?? whole;
  return {
    ...{ format, width, height, isEndless: loop === 0, times: Array.from({ length: pages }, (_, i) => delay[i] ?? 0) },
    async *frames() {
      const atOnce = Math.max(1, Math.floor(bytesAtOnce / (4 * width * height)));
      for (let page = 0; page < pages; page += atOnce) {
        const some = Math.min(atOnce, pages - page);
        const decoded = await attempted(() =>
          sharp(bytes, { page, pages: some, failOn: 'error', limitInputPixels: false })
            .flatten({ background })
            .toColourspace('srgb')
            .raw({ depth: 'uchar' })
            .toBuffer(),
        );
        const length = 3 * width * height;
        if (decoded.length !== some * length) throw new Error('its frames differ in size');
        for (let i = 0; i < some; i++) yield { pixels: decoded.subarray(i * length, (i + 1) * length), width, height };
      }
    },
  };
}
