import { setImmediate as turn } from 'node:timers/promises';
import { RinError } from '@rin/core';
import { cacheFolder, recall } from './cacheFolder.js';
import { clipContent } from './decoding/clips/decodeClips.js';
import type { FilmFacts } from './decoding/clips/film.js';
import { openFilm } from './decoding/clips/openFilm.js';
import { reasonOf } from './decoding/prepare.js';
import { type FoundClips, findClips } from './find.js';
import { type DataOptions, stepper } from './progress.js';
import type { Skipped } from './sources/source.js';
import { type CachedData, cachesOf } from './survey.js';

/** The content of a source of clips, as far as it is known without decoding. */
export interface ClipSurvey {
  /** name in messages and runs */
  readonly name: string;
  /** sentences, one on each line, if a part of the source is not used */
  readonly notice?: string;
  /** in the order of their labels, each with its number of recordings */
  readonly classes: readonly { readonly name: string; readonly recordings: number }[];
  /** the readable ones: videos, animations and folders of frames */
  readonly recordings: readonly (FilmFacts & { readonly name: string })[];
  /** what cannot be used, and why */
  readonly skipped: readonly Skipped[];
  /** caches of this source */
  readonly caches: readonly CachedData[];
}

/**
 * Reads lengths, frame rates and sizes of the recordings of a source. `bouncing` has none, because it is made by a formula.
 * @param source as for `openDataset` with three axes
 * @throws RinError if the source does not exist, is damaged or has no clips, or if ffmpeg is needed but not installed
 */
export async function surveyClips(source: string | FoundClips, watch: DataOptions = {}): Promise<ClipSurvey> {
  const from = typeof source === 'string' ? await findClips(source, watch) : source;
  const listing = await from.list();
  try {
    const step = stepper('reading', listing.recordings.length, watch);
    const counts = new Uint32Array(listing.classes.length);
    const recordings: ClipSurvey['recordings'][number][] = [];
    const unreadable: Skipped[] = [];
    for (const recording of listing.recordings) {
      const { name, label } = recording;
      if (label >= 0) counts[label]++;
      try {
        const { play: _, ...facts } = await openFilm(recording, '#ffffff');
        recordings.push({ name, ...facts });
      } catch (error) {
        if (error instanceof RinError) throw error;
        unreadable.push({ name, reason: reasonOf(error) });
      }
      if (step(unreadable.length)) await turn();
    }
    const content = from.stamp
      ? recall(cacheFolder(), from.stamp)
      : from.built
        ? undefined
        : await clipContent(listing, from.place, watch);
    return {
      name: from.name,
      ...(from.notice !== undefined && { notice: from.notice }),
      classes: listing.classes.map((name, label) => ({ name, recordings: counts[label] })),
      recordings,
      skipped: [...listing.missing, ...unreadable],
      caches: content ? cachesOf(content) : [],
    };
  } finally {
    listing.close();
  }
}
