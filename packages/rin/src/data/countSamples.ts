import { RinError } from '@rin/core';
import type { DataConfig } from '../config/data.js';
import { soundRate } from '../config/data.js';
import { readWav, type Wave } from '../media/wav.js';
import type { FilmFacts } from './decoding/clips/film.js';
import { openFilm } from './decoding/clips/openFilm.js';
import type { FoundClips, FoundSounds } from './find.js';
import { readPart } from './sources/readPart.js';
import type { Recording } from './sources/recording.js';
import { spreadOver } from './spreadOver.js';

/** Recordings that are looked at. */
const mostLooked = 64;

/**
 * About how many samples recordings become, by the lengths in their files. Nothing is decoded. Of more than 64 recordings, 64
 * that are spread over all are looked at. Unreadable ones count as 0.
 * @param length frames of a clip, or values of a sound
 * @throws RinError if ffmpeg is needed but not installed
 */
export async function countSamples(
  { medium }: Pick<FoundClips | FoundSounds, 'medium'>,
  recordings: readonly Recording[],
  length: number,
  data: DataConfig,
): Promise<number> {
  const some = spreadOver(recordings, mostLooked);
  let total = 0;
  for (const recording of some) {
    try {
      total += medium === 'sound' ? soundsOf(recording, length, data) : await clipsOf(recording, length, data);
    } catch (error) {
      if (error instanceof RinError) throw error;
    }
  }
  return Math.round((total * recordings.length) / Math.max(1, some.length));
}

const clipsOf = async (recording: Recording, length: number, data: DataConfig): Promise<number> =>
  clipsIn(await openFilm(recording, data.background), length, data);

/** The clips that a recording becomes. @param length frames of a clip */
export function clipsIn(
  { frames, rate, isEndless }: Pick<FilmFacts, 'frames' | 'rate' | 'isEndless'>,
  length: number,
  { frameRate, stride }: Pick<DataConfig, 'frameRate' | 'stride'>,
): number {
  const played = frameRate === undefined || rate === undefined ? frames : Math.round((frames / rate) * frameRate);
  return isEndless ? Math.max(1, pieces(played, length, stride)) : pieces(played, length, stride);
}

const soundsOf = ({ parts }: Recording, length: number, data: DataConfig): number =>
  soundsIn(readWav(readPart(parts[0])), length, data);

/** The samples that a sound becomes. @param length values of a sample */
export function soundsIn(
  { rate, channels }: Wave,
  length: number,
  data: Pick<DataConfig, 'sampleRate' | 'stride'>,
): number {
  const values = Math.floor((channels[0].length * soundRate(data)) / rate);
  return channels[0].length === 0 ? 0 : Math.max(1, pieces(values, length, data.stride)); // a shorter one ends with silence
}

const pieces = (whole: number, length: number, stride = length): number =>
  whole < length ? 0 : Math.floor((whole - length) / stride) + 1;
