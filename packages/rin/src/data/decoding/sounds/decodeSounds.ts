import { compand, count, RinError } from '@rin/core';
import type { DataConfig } from '../../../config/data.js';
import { readWav } from '../../../media/wav.js';
import { type DataOptions, stepper } from '../../progress.js';
import { readPart } from '../../sources/readPart.js';
import type { RecordingListing } from '../../sources/recording.js';
import type { Skipped } from '../../sources/source.js';
import type { Sample, StoreFacts } from '../../store.js';
import { sha256 } from '../../storeIndex.js';
import { refuseMachine } from '../clips/decodeClips.js';
import { reasonOf } from '../prepare.js';
import { resampleSound } from './resampleSound.js';

/** The samples that sounds become. */
export interface SoundTarget {
  /** [1, L] */
  readonly shape: readonly number[];
  /** samples in a second */
  readonly rate: number;
  /** from the start of a sample to the start of the next; absent = L, so that samples do not overlap */
  readonly stride?: number;
}

/** Changes with the decoder, so that samples of an older decoder are not used. */
const decoderVersion = 1;

/** Digest of a source's content and of the target: the name of a cache. */
export const soundFingerprint = (content: string, { shape, rate, stride }: SoundTarget): string =>
  sha256(JSON.stringify(['sounds', decoderVersion, content, shape, rate, stride ?? shape[1]]));

/**
 * Decodes all sounds. Several channels are mixed, other rates are resampled. A longer sound becomes several samples; what
 * is left after the last whole one is not used. A shorter sound ends with silence.
 * @param skipped receives what cannot be used
 * @throws RinError if there is no sound at all, or if the machine fails
 */
export async function* decodeSounds(
  { recordings }: RecordingListing,
  { shape: [, length], rate, stride = length }: SoundTarget,
  skipped: Skipped[],
  where: string,
  watch: DataOptions,
): AsyncGenerator<Sample> {
  const step = stepper('decoding', recordings.length, watch, 'sounds');
  let total = 0;
  for (const { name, label, parts } of recordings) {
    try {
      const wave = readWav(readPart(parts[0]));
      const bytes = compand(resampleSound(mixed(wave.channels), wave.rate, rate));
      if (bytes.length === 0) throw new Error('no samples');
      for (const pixels of pieces(bytes, length, stride)) {
        yield { name, label, pixels };
        total++;
      }
    } catch (error) {
      watch.signal?.throwIfAborted();
      if (error instanceof RinError) throw error;
      refuseMachine(error, where, name);
      skipped.push({ name, reason: reasonOf(error) });
    }
    if (step(skipped.length)) await new Promise((resolve) => setImmediate(resolve));
  }
  if (total > 0) return;
  const [first] = skipped.slice(-recordings.length);
  throw new RinError(
    `${where}: none of its sounds can be read; the first of ${count(recordings.length)} is ${first.name} (${first.reason})`,
  );
}

/** The mean of the channels. */
function mixed(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

/** Pieces of one length. A single piece is filled with silence at its end. */
function* pieces(bytes: Uint8Array, length: number, stride: number): Generator<Uint8Array> {
  if (bytes.length < length) {
    const piece = new Uint8Array(length).fill(128);
    piece.set(bytes);
    yield piece;
  }
  for (let start = 0; start + length <= bytes.length; start += stride) yield bytes.slice(start, start + length);
}

/** What a store records about these samples. */
export function soundFacts(
  content: string,
  target: SoundTarget,
  { resize, background }: DataConfig,
  skipped: readonly Skipped[],
): StoreFacts {
  const { rate: sampleRate, stride = target.shape[1] } = target;
  return {
    fingerprint: soundFingerprint(content, target),
    origin: { content, resize, background, stride, sampleRate },
    skipped,
  };
}
