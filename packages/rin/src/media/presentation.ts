import type { PatchedShape } from '@rin/core';
import { type Clip, framesOf } from './clip.js';
import { encodeClip } from './clipFile.js';
import { type Format, formatsOf, type MediumFormats } from './formats.js';
import { enlargement } from './grid.js';
import type { Image } from './image.js';
import type { Medium, MediumSample } from './medium.js';
import { encodePng } from './png.js';
import type { Sound } from './sound.js';
import { strip } from './strip.js';
import { encodeWav } from './wav.js';
import { waveform } from './waveform.js';

/** The data and the shape of a sample. */
export type Sample = Pick<MediumSample, 'data' | 'shape'>;

/** The pictures that show a sample. */
export interface View {
  /** what is seen over time: one picture, or the frames of a clip */
  readonly frames: readonly Image[];
  /** one picture that shows the whole sample */
  readonly still: Image;
  /** what is heard */
  readonly sound?: Sound;
}

/** How samples of a medium are shown and encoded. */
interface Codec {
  /**
   * The bytes of a file with one sample.
   * @param rate frames per second of clips, samples per second of sounds
   * @throws RinError if the format cannot hold it
   */
  encode(sample: Sample, format: Format, rate: number): Promise<Uint8Array>;
  view(sample: Sample): View;
}

/** Everything that shows or writes samples asks it, so a further medium joins here and in `formats.ts`. */
export type Presentation = MediumFormats & Codec;

const codecs: Readonly<Record<Medium, Codec>> = {
  sound: {
    encode: async (sound, format, rate) => (format === 'wav' ? encodeWav(sound, { rate }) : encodePng(waveform(sound))),
    view(sound) {
      const still = waveform(sound);
      return { frames: [still], still, sound };
    },
  },
  picture: {
    encode: encodePng,
    view: (still) => ({ frames: [still], still }),
  },
  clip: {
    async encode(clip, format, frameRate) {
      if (format === 'wav') throw new RangeError('a clip has no sound');
      return encodeClip(clip, { format, frameRate });
    },
    view: (clip) => ({ frames: framesOf(clip), still: shortStrip(clip) }),
  },
};

/** The presentation of the samples of a network. @param model the `model` section @returns undefined as `formatsOf` */
export function presentationOf(model: Pick<PatchedShape, 'channels' | 'size'>): Presentation | undefined {
  const formats = formatsOf(model);
  return formats && { ...formats, ...codecs[formats.medium] };
}

/** Most frames of a clip in a strip among others. */
const mostFrames = 16;

/** Up to 16 frames of a clip side by side, spread evenly from the first to the last. Small frames are enlarged. */
function shortStrip(clip: Clip): Image {
  const frames = framesOf(clip);
  const shown = Math.min(frames.length, mostFrames);
  const spread = (i: number) => (shown === 1 ? 0 : Math.round((i * (frames.length - 1)) / (shown - 1)));
  return strip(
    Array.from({ length: shown }, (_, i) => frames[spread(i)]),
    enlargement(frames[0]),
  );
}
