import { createHash, type Hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { count, countOf, RinError } from '@rin/core';
import { type DataOptions, stepper } from '../../progress.js';
import { openPart } from '../../sources/readPart.js';
import type { Recording, RecordingListing } from '../../sources/recording.js';
import type { Skipped } from '../../sources/source.js';
import type { Sample, StoreFacts } from '../../store.js';
import { sha256 } from '../../storeIndex.js';
import { decodeFrame, type Target } from '../decode.js';
import { machineFailure } from '../machine.js';
import { inOrder, reasonOf } from '../prepare.js';
import { cutClips } from './cut.js';
import type { Frame } from './film.js';
import { openFilm } from './openFilm.js';

/** The clips that recordings become. */
export interface ClipTarget extends Omit<Target, 'shape'> {
  /** [C, F, H, W]; C is 1 (grey) or 3 (sRGB) */
  readonly shape: readonly number[];
  /** frames per second; absent = as in each file */
  readonly frameRate?: number;
  /** from the first frame of a clip to the first of the next; absent = F, so that clips do not overlap */
  readonly stride?: number;
}

/**
 * Changes with the decoder, so that clips of an older decoder are not used. The version of ffmpeg does not count, as that
 * of libvips does not for pictures: a run moves to another machine with its data.
 */
const decoderVersion = 2;

/** Digest of a source's content and of the target: the name of a cache. */
export const clipFingerprint = (content: string, target: ClipTarget): string =>
  sha256(JSON.stringify(['clips', decoderVersion, content, ordered(target)]));

/** The target with its keys in one order. */
const ordered = ({ shape, resize, background, frameRate, stride }: ClipTarget) => [
  ...[shape, resize, background],
  ...[frameRate ?? null, stride ?? shape[1]],
];

/** Bytes that are hashed at once. */
const piece = 2 ** 22;

/** Digest of recordings: their classes, and the name, label and contents of each in their order. They are read by range. */
export async function clipContent(
  { recordings, classes, missing }: RecordingListing,
  where: string,
  watch: DataOptions,
): Promise<string> {
  const step = stepper('reading', recordings.length, watch, 'recordings');
  const hash = createHash('sha256').update(JSON.stringify(['clips', classes, missing]));
  for (const recording of recordings) {
    const { name, label, kind, parts, clip } = recording;
    hash.update(`${name}\0${label}\0${kind}\0${parts.length}\0${clip?.fingerprint ?? ''}\0`);
    for (const part of parts) {
      const own = createHash('sha256');
      try {
        await addPart(own, part, watch);
      } catch (error) {
        watch.signal?.throwIfAborted();
        refuseMachine(error, where, name); // an unreadable file counts as empty, and is skipped later
      }
      hash.update(own.digest());
    }
    if (step(0)) await turn();
  }
  return hash.digest('hex');
}

async function addPart(hash: Hash, part: Recording['parts'][number], { signal }: DataOptions): Promise<void> {
  const bytes = openPart(part);
  try {
    for (let at = 0; at < bytes.length; at += piece) {
      hash.update(bytes.read(at, piece));
      await turn();
      signal?.throwIfAborted();
    }
  } finally {
    bytes.close();
  }
}

/** @throws RinError if the machine failed, because this must not be kept as a fault of the recording */
export function refuseMachine(error: unknown, where: string, name: string): void {
  const reason = machineFailure(error);
  if (reason !== undefined)
    throw new RinError(`${where}: ${name} could not be read: ${reason}; start again, or remove this file`);
}

/**
 * Decodes all recordings into clips, one recording after the other. Long videos are never in memory as a whole. A recording
 * that is damaged gives the clips before its damage, and is listed in `skipped`.
 * @param skipped receives what cannot be used
 * @throws RinError if there is no clip at all, if ffmpeg is needed but not installed, or if the machine fails
 */
export async function* decodeClips(
  { recordings }: RecordingListing,
  target: ClipTarget,
  skipped: Skipped[],
  where: string,
  watch: DataOptions,
): AsyncGenerator<Sample> {
  const [channels, frames, ...size] = target.shape;
  const step = stepper('decoding', recordings.length, watch, 'recordings');
  const before = skipped.length;
  const frameTarget: Target = { ...target, shape: [channels, ...size] };
  let total = 0;
  for (const recording of recordings) {
    const { name, label } = recording;
    let clips = 0;
    try {
      const film = await openFilm(recording, target.background);
      const small = scaled(film.play(target.frameRate), frameTarget, watch);
      const cut = { frames, stride: target.stride ?? frames, isEndless: film.isEndless };
      for await (const pixels of cutClips(small, channels, cut)) {
        clips++;
        yield { name, label, pixels };
      }
    } catch (error) {
      watch.signal?.throwIfAborted();
      if (error instanceof RinError) throw error;
      refuseMachine(error, where, name);
      const used = clips > 0 ? `; the ${countOf(clips, 'clip')} before that are used` : '';
      skipped.push({ name, reason: reasonOf(error) + used });
    }
    total += clips;
    if (step(skipped.length)) await turn();
  }
  if (total > 0) return;
  const [first] = skipped.slice(before);
  throw new RinError(
    `${where}: none of its recordings gives a clip; the first of ${count(recordings.length)} is ${first.name} (${first.reason})`,
  );
}

/** Frames of the size of the samples, several at a time. An error of `frames` comes after all frames before it. */
async function* scaled(
  frames: AsyncGenerator<Frame>,
  target: Target,
  { signal }: DataOptions,
): AsyncGenerator<Uint8Array> {
  let failure: { readonly error: unknown } | undefined;
  async function* whole() {
    try {
      yield* frames;
    } catch (error) {
      failure = { error };
    }
  }
  for await (const frame of inOrder(whole(), (each) => decodeFrame(each, target))) {
    signal?.throwIfAborted();
    yield frame;
  }
  if (failure) throw failure.error;
}

/** What a store records about these clips. */
export function clipFacts(content: string, target: ClipTarget, skipped: readonly Skipped[]): StoreFacts {
  const { shape, resize, background, frameRate, stride = shape[1] } = target;
  const origin = { content, resize, background, ...(frameRate !== undefined && { frameRate }), stride };
  return { fingerprint: clipFingerprint(content, target), origin, skipped };
}
