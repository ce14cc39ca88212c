import { createHash } from 'node:crypto';
import { RinError } from '@rin/core';
import { type Dataset, MeanSquare, MemoryDataset, sampleLength } from './dataset.js';
import { type Given, given, resolveLabels } from './sources/labels.js';

/** A sample that a program supplies. */
export interface ProgramSample {
  /** uint8, planar [C, ...size]; the values are copied */
  readonly pixels: Uint8Array;
  /** class by number from 0 or by name; absent or null = no class */
  readonly label?: number | string | null;
}

/**
 * Makes a data set from the samples of a program. All samples are read and held in memory.
 * @param samples at least one; values 0 to 255
 * @param shape   [C, ...size] of every sample
 * @param options `name`: name in messages. `classes`: names by label; default: the names in natural order, or the
 *     numbers
 * @throws RinError if there are no samples, or a sample does not fit; the message gives its index
 */
export async function datasetFromSamples(
  samples: AsyncIterable<ProgramSample> | Iterable<ProgramSample>,
  shape: readonly number[],
  { name = 'samples', classes }: { name?: string; classes?: readonly string[] } = {},
): Promise<Dataset> {
  const length = sampleLength(shape);
  const parts: Uint8Array[] = [];
  const givens: Given[] = [];
  const meanSquare = new MeanSquare();
  const hash = createHash('sha256').update(JSON.stringify(shape));
  for await (const { pixels, label } of samples) {
    const where = `${name}: sample ${parts.length}`;
    if (!(pixels instanceof Uint8Array)) throw new RinError(`${where}: pixels is not a Uint8Array`);
    if (pixels.length !== length) {
      throw new RinError(`${where}: ${pixels.length} values, but [${shape.join(', ')}] has ${length}`);
    }
    const part = new Uint8Array(pixels); // slice() would not copy a Buffer
    parts.push(part);
    meanSquare.add(part);
    hash.update(part);
    givens.push(amongst(classes, given(label, where), where));
  }
  if (parts.length === 0) throw new RinError(`${name}: no samples; expected at least one`);
  const resolved = resolveLabels(givens, name);
  const names = classes ?? resolved.classes;
  hash.update(JSON.stringify(names)).update(resolved.labels);
  const facts = { name, shape, classes: names, meanSquare: meanSquare.value, skipped: [] };
  return new MemoryDataset({ ...facts, fingerprint: hash.digest('hex') }, resolved.labels, Buffer.concat(parts));
}

/** The class with its number in the program's list of names. @throws RinError if it is not in the list */
function amongst(classes: readonly string[] | undefined, { number, name }: Given, where: string): Given {
  if (!classes || (number === undefined && name === undefined)) return { number, name };
  const label = number ?? classes.indexOf(name ?? '');
  if (label in classes) return { number: label };
  throw new RinError(
    `${where}: class ${number ?? `"${name}"`} is not one of the ${classes.length} classes: ${classes.join(', ')}`,
  );
}
