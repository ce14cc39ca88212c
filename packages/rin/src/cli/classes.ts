import { type Layer, merged, valueAt } from './configuration.js';

/**
 * A layer with as many classes as the data have, where neither file nor flags say how many: a preset may have been made for
 * other data. A single class would tell the network nothing, so it counts as none.
 * @param notice is told where this changes the configuration
 * @throws {RinError} where there are no such data
 */
export async function withClassesOfData(
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
): Promise<readonly Layer[]> {
  const whole = merged(layers);
  const source = valueAt(whole, 'source');
  const isSaid = layers.some(({ from, value }) => from !== 'preset' && valueAt(value, 'model.classes') !== undefined);
  const hasConditions = Number(valueAt(whole, 'model.conditionDim') ?? 0) > 0;
  if (isSaid || hasConditions || typeof source !== 'string') return layers;
  const { classNames } = await import('../data/open.js');
  const names = await classNames(source, { signal });
  const classes = names.length > 1 ? names.length : 0;
  if (classes !== valueAt(whole, 'model.classes')) {
    const shown = names.length > 8 ? [...names.slice(0, 8), '…'] : names;
    notice(`model.classes is ${classes}, from the data${classes > 0 ? `: ${shown.join(', ')}` : ''}`);
  }
  return [...layers, { from: 'data', name: source, value: { model: { classes } } }];
}
