import { valueAt } from '../../config/parse.js';
import type { FoundSource } from '../../data/find.js';
import { type Layer, merged } from './layers.js';

/** What follows from the data, and the source where it was searched for that. */
export interface FromData {
  readonly layer?: Layer;
  readonly source?: FoundSource;
}

/**
 * A layer of what follows from the data where neither file nor flags say otherwise, for a preset may have been made for other
 * data: as many classes as the data have, and a name that does not speak of the preset's own data.
 * @param layers of the configuration, without this one
 * @param notice is told where this changes the configuration
 * @throws {RinError} where there are no such data
 */
export async function fromData(
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
): Promise<FromData> {
  const name = valueAt(merged(layers), 'source');
  if (typeof name !== 'string') return {};
  const made = valueAt(layers.find(({ from }) => from === 'preset')?.value, 'source'); // what the preset is for
  const isRenamed = made !== undefined && made !== name && !isSaid(layers, 'name');
  const { source, classes } = await classesOfData(name, layers, notice, signal);
  const value = { ...(isRenamed && { name: 'rin' }), ...(classes !== undefined && { model: { classes } }) };
  return { layer: { from: 'data', name, value }, ...(source && { source }) };
}

/** A single class would tell the network nothing, so it counts as none. */
async function classesOfData(
  name: string,
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
): Promise<{ source?: FoundSource; classes?: number }> {
  const whole = merged(layers);
  if (isSaid(layers, 'model.classes') || Number(valueAt(whole, 'model.conditionDim') ?? 0) > 0) return {};
  const { findSource } = await import('../../data/find.js');
  const source = await findSource(name, longerSide(valueAt(whole, 'model.size')), { signal });
  const listing = await source.list();
  listing.close();
  const names = listing.classes;
  const classes = names.length > 1 ? names.length : 0;
  if (classes !== valueAt(whole, 'model.classes')) {
    const shown = names.length > 8 ? [...names.slice(0, 8), '…'] : names;
    notice(`model.classes is ${classes}, from the data${classes > 0 ? `: ${shown.join(', ')}` : ''}`);
  }
  return { source, classes };
}

/** Of `model.size`, which was not checked yet; 1 where it is no size. */
function longerSide(size: unknown): number {
  return [size].flat().reduce<number>((most, side) => (typeof side === 'number' ? Math.max(most, side) : most), 1);
}

/** Whether file or flags decide a key. */
const isSaid = (layers: readonly Layer[], path: string): boolean =>
  layers.some(({ from, value }) => from !== 'preset' && valueAt(value, path) !== undefined);
