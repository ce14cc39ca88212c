import { valueAt } from '../../config/parse.js';
import type { FoundSource } from '../../data/find.js';
import { type Layer, merged } from './layers.js';

/** The layer that follows from the data, and the source if it was opened for that. */
export interface FromData {
  readonly layer?: Layer;
  readonly source?: FoundSource;
}

/**
 * A layer with the number of classes of the data, and with a neutral name if the preset was made for other data. A file or flags
 * that set these keys override it.
 * @param layers the other layers of the configuration
 * @param notice called with a sentence if this changes the number of classes
 * @param opened the source of the data, if it was opened before
 * @throws RinError if there are no such data
 */
export async function fromData(
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
  opened?: FoundSource,
): Promise<FromData> {
  const name = valueAt(merged(layers), 'source');
  if (typeof name !== 'string') return {};
  const made = valueAt(layers.find(({ from }) => from === 'preset')?.value, 'source'); // the data of the preset
  const isRenamed = made !== undefined && made !== name && !isSaid(layers, 'name');
  const { source, classes } = await classesOfData(name, layers, notice, signal, opened);
  const value = { ...(isRenamed && { name: 'rin' }), ...(classes !== undefined && { model: { classes } }) };
  return { layer: { from: 'data', name, value }, ...(source && { source }) };
}

async function classesOfData(
  name: string,
  layers: readonly Layer[],
  notice: (sentence: string) => void,
  signal: AbortSignal,
  opened?: FoundSource,
): Promise<{ source?: FoundSource; classes?: number }> {
  const whole = merged(layers);
  if (isSaid(layers, 'model.classes') || Number(valueAt(whole, 'model.conditionDim') ?? 0) > 0)
    return { source: opened };
  const { classCount, classesNotice, sourceWithClasses } = await import('../../data/classes.js');
  const { source, names } = await sourceWithClasses(opened ?? name, sizeOf(valueAt(whole, 'model.size')), {
    signal,
  });
  const classes = classCount(names);
  if (classes !== valueAt(whole, 'model.classes')) notice(classesNotice(names));
  return { source, classes };
}

/** An unchecked `model.size` as a list; [1, 1] if it is not a size. */
function sizeOf(size: unknown): number[] {
  const sides = Array.isArray(size) ? size.map(Number) : [Number(size), Number(size)];
  return sides.every((side) => side >= 1) ? sides : [1, 1];
}

/** Whether file or flags set a key. */
const isSaid = (layers: readonly Layer[], path: string): boolean =>
  layers.some(({ from, value }) => from !== 'preset' && valueAt(value, path) !== undefined);
