import { valueAt } from '../../config/parse.js';
import { type Layer, merged } from './layers.js';

/**
 * The layers, and one more of what follows from the data where neither file nor flags say otherwise, for a preset may have
 * been made for other data: as many classes as the data have, and a name that does not speak of the preset's own data.
 * @param notice is told where this changes the configuration
 * @throws {RinError} where there are no such data
 */
export async function withDataLayer(
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
): Promise<readonly Layer[]> {
  const source = valueAt(merged(layers), 'source');
  if (typeof source !== 'string') return layers;
  const made = valueAt(layers.find(({ from }) => from === 'preset')?.value, 'source'); // what the preset is for
  const isRenamed = made !== undefined && made !== source && !isSaid(layers, 'name');
  const classes = await classesOfData(source, layers, notice, signal);
  const value = { ...(isRenamed && { name: 'rin' }), ...(classes !== undefined && { model: { classes } }) };
  return [...layers, { from: 'data', name: source, value }];
}

/** A single class would tell the network nothing, so it counts as none. */
async function classesOfData(
  source: string,
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
): Promise<number | undefined> {
  const whole = merged(layers);
  if (isSaid(layers, 'model.classes') || Number(valueAt(whole, 'model.conditionDim') ?? 0) > 0) return undefined;
  const { classNames } = await import('../../data/find.js');
  const names = await classNames(source, { signal });
  const classes = names.length > 1 ? names.length : 0;
  if (classes !== valueAt(whole, 'model.classes')) {
    const shown = names.length > 8 ? [...names.slice(0, 8), '…'] : names;
    notice(`model.classes is ${classes}, from the data${classes > 0 ? `: ${shown.join(', ')}` : ''}`);
  }
  return classes;
}

/** Whether file or flags decide a key. */
const isSaid = (layers: readonly Layer[], path: string): boolean =>
  layers.some(({ from, value }) => from !== 'preset' && valueAt(value, path) !== undefined);
