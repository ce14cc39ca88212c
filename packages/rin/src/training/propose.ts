import { RinError, sizeList } from '@rin/core';
import { classCount } from '../data/classes.js';
import { type FoundPictures, findSource } from '../data/find.js';
import type { DataOptions } from '../data/progress.js';
import { pictureTraits } from '../data/traits.js';
import { type DataFacts, type Proposal, proposalFor } from './proposal.js';

/** Options of `propose`. */
export interface ProposeOptions extends DataOptions {
  /** the size of the samples, if it is decided already: N or [H, W]. `loadPreset` refuses one that the proposed patch does not divide */
  size?: number | readonly number[];
}

/**
 * Looks at up to 48 pictures of a source, and proposes preset, size, patch and images. `loadPreset(preset, changes)` makes the
 * configuration. The same data give the same proposal.
 * @param source as for `openDataset`
 * @throws RinError if the source does not exist or is damaged, or if none of the pictures can be read
 */
export async function propose(source: string, { size, ...watch }: ProposeOptions = {}): Promise<Proposal> {
  const found = await findSource(source, size === undefined ? 1 : Math.max(...sizeList(size)), watch);
  const facts = await dataFacts(found, watch);
  if (facts) return proposalFor(facts, size);
  throw new RinError(`${source}: none of the pictures can be read; "rin data info" lists the reasons`);
}

/** What a proposal depends on; undefined if none of the pictures that were looked at can be read. */
export async function dataFacts(source: FoundPictures, watch: DataOptions): Promise<DataFacts | undefined> {
  const listing = await source.list();
  try {
    const traits = await pictureTraits(listing, watch);
    return traits && { ...traits, pictures: listing.pictures.length, classes: classCount(listing.classes) };
  } finally {
    listing.close();
  }
}
