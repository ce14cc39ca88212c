import { framesOf } from '../../../media/clip.js';
import { interleaved } from '../../../media/planar.js';
import sharp from '../../../media/sharp.js';
import { readPart } from '../../sources/readPart.js';
import type { Recording, StoredClip } from '../../sources/recording.js';
import { attempted } from '../attempts.js';
import { readHeader } from '../header.js';
import { openAnimation } from './animation.js';
import { checkSize, type Film } from './film.js';
import { openVideo } from './video.js';

/**
 * Reads the facts of a recording.
 * @param background `#rrggbb`, behind transparent parts
 * @throws RinError if it is a video, and ffmpeg is not installed
 * @throws Error with a reason if it cannot be read
 */
export async function openFilm(
  { kind, parts, clip }: Pick<Recording, 'kind' | 'parts' | 'clip'>,
  background: string,
): Promise<Film> {
  if (clip) return storedFilm(clip);
  if (kind === 'video') return openVideo(parts[0]);
  if (kind === 'animation') return openAnimation(readPart(parts[0]), background);
  const first = await attempted(() => readHeader(readPart(parts[0])));
  const { width, height } = first;
  checkSize(width, height);
  return {
    ...{ format: 'frames', width, height, frames: parts.length, isEndless: false },
    async *play() {
      for (const [index, part] of parts.entries()) {
        const bytes = readPart(part);
        const header = await attempted(() => readHeader(bytes));
        if (header.width !== width || header.height !== height)
          throw new Error(`frame ${index} is ${header.width}×${header.height}, but the first is ${width}×${height}`);
        const pixels = await attempted(() =>
          sharp(bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true })
            .flatten({ background })
            .toColourspace('srgb')
            .raw({ depth: 'uchar' })
            .toBuffer(),
        );
        yield { pixels, width, height };
      }
    },
  };
}

/** A clip that is decoded already. It has no times, as a folder of frames. */
function storedFilm({ shape, read }: StoredClip): Film {
  const [channels, frames, height, width] = shape;
  return {
    ...{ format: 'decoded', width, height, frames, isEndless: false },
    async *play() {
      for (const { data } of framesOf({ data: read(), shape })) {
        const colours = channels === 3 ? data : Buffer.concat([data, data, data]);
        yield { pixels: interleaved(colours, 3), width, height };
      }
    },
  };
}
