import { count, countOf, patchList, sizeList } from '@rin/core';
import type { Config } from '../../config/config.js';
import { mergeConfig, valueAt } from '../../config/parse.js';
import type { PresetName } from '../../config/types.js';
import type { FoundSource } from '../../data/find.js';
import { clipPatch, soundPatch } from '../../training/clipProposal.js';
import { loadPreset } from '../../training/presets.js';
import { type DataFacts, type Proposal, timesText } from '../../training/proposal.js';
import { calling } from '../terminal/calling.js';
import type { Given } from '../terminal/command.js';
import { setFlag } from './flags.js';
import type { Layer } from './layers.js';

/** The layer that is proposed for the data, with the source that was opened for it. */
export interface FromProposal {
  readonly source: FoundSource;
  /** for clips and sounds: a layer with the preset and the patch that fit their size, and the number of recordings */
  readonly ofClips?: { readonly layer: Layer; readonly preset: PresetName; readonly recordings: number };
  /** absent if no picture could be read; training then says why */
  readonly proposed?: { readonly layer: Layer; readonly facts: DataFacts; readonly proposal: Proposal };
}

/**
 * The preset that fits the data, with size, patch, channels and images. It replaces the default preset if neither a preset nor a
 * file nor an initial model is given.
 * @returns undefined if one of them is given, or no data
 * @throws RinError if there are no such data
 */
export async function fromProposal(given: Given, signal: AbortSignal): Promise<FromProposal | undefined> {
  const name = given.text('--source');
  if (name === undefined || ['--preset', '--config', '--training.init'].some((flag) => given.has(flag)))
    return undefined;
  const { findAny, findFor } = await import('../../data/find.js');
  const { dataFacts } = await import('../../training/propose.js');
  const { proposalFor } = await import('../../training/proposal.js');
  const size = wantedSize(given);
  const source = size ? await findFor(name, size, { signal }) : await findAny(name, { signal });
  if (source.medium !== 'picture') {
    const listing = await source.list();
    listing.close();
    const [preset, patchOf] =
      source.medium === 'clip' ? (['bouncing', clipPatch] as const) : (['tones', soundPatch] as const);
    const layer = layerOfMedium(preset, name, size, patchOf);
    return { source, ofClips: { layer, preset, recordings: listing.recordings.length } };
  }
  const facts = await dataFacts(source, { signal });
  if (!facts) return { source };
  const proposal = proposalFor(facts, size);
  return { source, proposed: { layer: layerOf(proposal, name), facts, proposal } };
}

/** The value of `--size`; undefined if there is none, or if it is no size, which the configuration refuses later. */
function wantedSize(given: Given): number[] | undefined {
  const text = given.text('--model.size');
  if (text === undefined) return undefined;
  const value = valueAt(setFlag({}, 'model.size', text), 'model.size');
  const sides = (Array.isArray(value) ? value : [value, value]).map(Number);
  return sides.length > 0 && sides.every((side) => Number.isInteger(side) && side > 0) ? sides : undefined;
}

function layerOf({ preset, changes }: Proposal, data: string): Layer {
  const base = loadPreset(preset);
  const { size, patch, channels } = changes.model; // the classes come with their names, from `fromData`
  const name = base.source === data ? base.name : 'rin';
  const value = mergeConfig(base, { name, model: { size, patch, channels }, training: changes.training });
  return { from: 'preset', name: `preset ${preset}`, value };
}

/** The preset of a medium, at another size if one is given. */
function layerOfMedium(
  preset: PresetName,
  data: string,
  size: readonly number[] | undefined,
  patchOf: (size: readonly number[]) => number[],
): Layer {
  const base = loadPreset(preset);
  const name = base.source === data ? base.name : 'rin';
  return {
    from: 'preset',
    name: `preset ${base.name}`,
    value: mergeConfig(base, { name, ...(size && { model: { size, patch: patchOf(size) } }) }),
  };
}

/** What was chosen for the data, and why. Flags may have changed it. */
export function proposalLines({ source, ofClips, proposed }: FromProposal, { model, training }: Config): string[] {
  if (ofClips) {
    const axes = sizeList(model.size);
    const size = `size ${axes.join('×')}; patch ${patchList(model.patch, axes.length).join('×')}`;
    const what = source.medium === 'sound' ? 'sound' : 'recording';
    const { preset, recordings: found } = ofClips;
    const recordings = found > 0 ? countOf(found, what) : `${source.medium}s without end`;
    return [
      `${source.name}: ${recordings}, so the preset is ${preset}; ${size}; ${count(training.images)} ${source.medium}s seen`,
      `--preset, --size and --images choose otherwise; "${calling} data info" shows the ${what}s`,
    ];
  }
  if (!proposed) return [];
  const { facts, proposal } = proposed;
  const { preset, why } = proposal;
  const classes = facts.classes > 0 ? ` in ${count(facts.classes)} classes` : '';
  const size = sizeList(model.size).reverse().join('×');
  const patch = patchList(model.patch, 2).reverse().join('×');
  return [
    `${source.name}: ${count(facts.pictures)} ${why.preset}${classes}, so the preset is ${preset}`,
    `size ${size}, ${why.size}; patch ${patch}; ${count(training.images)} images, ${timesText(training.images, facts.pictures)}`,
    `--preset, --size and --images choose otherwise; "${calling} data info" says what to expect`,
  ];
}

/** A sentence if training enlarges pictures. @param seen their traits, if they are known */
export async function enlargedLine(
  source: FoundSource,
  config: Config,
  signal: AbortSignal,
  seen?: DataFacts,
): Promise<string | undefined> {
  if (source.medium !== 'picture') return undefined;
  const { dataFacts } = await import('../../training/propose.js');
  const { enlargedPictures } = await import('../../training/enlarged.js');
  const facts = seen ?? (await dataFacts(source, { signal }));
  const found = facts && enlargedPictures(facts.sizes, config, 'pictures that were looked at');
  const isFixed = config.training.init !== undefined; // the size is that of the model
  return found && (isFixed || !found.remedy ? found.sentence : `${found.sentence}; ${found.remedy}`);
}
