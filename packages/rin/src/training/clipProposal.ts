import { count, geometry } from '@rin/core';
import { clipsIn, soundsIn } from '../data/countSamples.js';
import type { FilmFacts } from '../data/decoding/clips/film.js';
import { median } from '../data/median.js';
import type { Wave } from '../media/wav.js';
import { largestDivisor } from './largestDivisor.js';
import { loadPreset } from './presets.js';
import { imagesFor, type Proposal, timesText } from './proposal.js';

/** A configuration that fits clips or sounds. `loadPreset(preset, changes)` makes it. */
export interface ClipProposal extends Pick<Proposal, 'why'> {
  readonly preset: 'bouncing' | 'tones';
  readonly changes: {
    readonly model: { readonly size: readonly number[]; readonly patch: readonly number[]; readonly classes: number };
    readonly training: { readonly images: number };
  };
  /** number of clips or sounds that the recordings become */
  readonly samples: number;
}

/** Most frames of a clip, most pixels along a side, and most images, if nobody chose others. */
const [mostFrames, mostSide, mostImages] = [16, 64, 200_000];

/** The share of the recordings that may be too short for a clip. */
const mostShort = 0.1;

/**
 * Proposes a configuration for clips. It depends on the arguments and the preset only.
 *
 * - Frames: as many as nine tenths of the recordings have, at most 16, and an even number.
 * - Sides: the median of the shorter sides, at most 64, as a multiple of 8.
 * - Images: the rule of the pictures with the number of clips, at most 200k.
 * @param recordings at least one
 * @param classes    number of classes; 0 = none
 */
export function proposalForClips(recordings: readonly FilmFacts[], classes: number): ClipProposal {
  const all = recordings.length;
  const lengths = recordings.map(({ frames }) => frames).sort((a, b) => a - b);
  const usual = Math.min(mostFrames, lengths[Math.floor(mostShort * all)]);
  const frames = usual > 1 ? usual - (usual % 2) : usual;
  const own = median(recordings.map(({ width, height }) => [Math.min(width, height), 1]));
  const least = Math.min(own, mostSide);
  const side = least < usualPatch ? least : least - (least % usualPatch);
  const size = [frames, side, side];
  const long = lengths.filter((each) => each >= frames).length;
  const samples = recordings.reduce((sum, each) => sum + clipsIn(each, frames, {}), 0);
  const sizeText = own === side ? 'the size of the frames' : `reduced from ${count(own)} pixels`;
  const fits = `${long === all ? 'all' : `${count(long)} of ${count(all)}`} recordings are long enough`;
  return {
    ...choice('bouncing', size, clipPatch(size), samples, classes),
    why: {
      preset: `clips of ${count(own)} pixels`,
      size: `${sizeText}; ${fits}`,
      ...whyOf(size, clipPatch(size), samples, 'clip'),
    },
  };
}

/**
 * Proposes a configuration for sounds, as `proposalForClips`. The length is the median, at most that of the preset, as a multiple
 * of 256 values.
 * @param waves at least one
 */
export function proposalForSounds(waves: readonly Wave[], classes: number): ClipProposal {
  const { model, data } = loadPreset('tones');
  const rate = data.sampleRate ?? 1;
  const seconds = median(waves.map((wave) => [wave.channels[0].length / wave.rate, 1]));
  const [most] = [model.size].flat();
  const whole = Math.max(1, Math.ceil((seconds * rate) / soundPatches)) * soundPatches;
  const size = [Math.min(most, whole)];
  const samples = waves.reduce((sum, wave) => sum + soundsIn(wave, size[0], data), 0);
  const length = `which are ${(size[0] / rate).toFixed(2)} s at ${count(rate)} a second`;
  return {
    ...choice('tones', size, soundPatch(size), samples, classes),
    why: {
      preset: `sounds of ${seconds.toFixed(2)} s`,
      size: length,
      ...whyOf(size, soundPatch(size), samples, 'sound'),
    },
  };
}

const choice = (
  preset: ClipProposal['preset'],
  size: readonly number[],
  patch: readonly number[],
  samples: number,
  classes: number,
): Omit<ClipProposal, 'why'> => ({
  preset,
  changes: { model: { size, patch, classes }, training: { images: imagesFor(samples, mostImages) } },
  samples,
});

function whyOf(size: readonly number[], patch: readonly number[], samples: number, noun: string) {
  const { tokens } = geometry({ size: [...size], patch: [...patch], channels: 1 });
  return {
    patch: `patches of ${patch.join('×')} make ${count(tokens)} tokens`,
    images: timesText(imagesFor(samples, mostImages), samples, noun),
  };
}

/** Pixels of a patch of the preset `bouncing`, and the fewest and about the most patches along a side of a frame. */
const [usualPatch, fewestPatches, mostPatches] = [8, 4, 8];

/**
 * The patch of clips for which nobody chose one, after the preset `bouncing`: two frames in time if they divide the clip, and
 * 8×8 pixels. Small frames get smaller patches, so that a side has at least four; large ones get larger patches.
 * @param size [F, H, W]
 */
export function clipPatch([frames, height, width]: readonly number[]): number[] {
  const spatial = (side: number): number => {
    const [smallest, largest] = [Math.floor(side / mostPatches), Math.floor(side / fewestPatches)];
    return largestDivisor(side, Math.max(1, Math.min(usualPatch, largest), smallest));
  };
  return [frames % 2 === 0 ? 2 : 1, spatial(height), spatial(width)];
}

/** About this number of patches for a sound. */
const soundPatches = 256;

/** The patch of sounds for which nobody chose one, after the preset `tones`: about 256 patches. @param size [L] */
export const soundPatch = ([length]: readonly number[]): number[] => [
  largestDivisor(length, Math.max(1, Math.floor(length / soundPatches))),
];
