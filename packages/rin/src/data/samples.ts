import { createHash } from 'node:crypto';
import { RinError } from '@rin/core';
import { type Dataset, MeanSquare, MemoryDataset, sampleLength } from './dataset.js';
import { type Given, given, resolveLabels } from './sources/labels.js';

/** A sample as a program hands it over. */
export interface ProgramSample {
  /** uint8, planar [C, ...size]; copied */
  readonly pixels: Uint8Array;
  /** class by number from 0 or by name; none when absent or null */
  readonly label?: number | string | null;
}

/**
 * A data set from a program's own samples, which are read to their end and held in memory.
 * @param samples at least one; each with values 0 to 255 and, if it has one, its class
 * @param shape   [C, ...size] of every sample
 * @param options `name`: how messages call it; `classes`: names by label, else names in natural order or the numbers
 * @throws {RinError} if there are none, or one does not fit; the message says which
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
    if (!(pixels instanceof Uint8Array)) throw new RinError(`${where}: pixels is no Uint8Array`);
    if (pixels.length !== length) {
      throw new RinError(`${where}: ${pixels.length} values, but [${shape.join(', ')}] has ${length}`);
    }
    const part = new Uint8Array(pixels); // not slice(), which does not copy a Buffer
    parts.push(part);
    meanSquare.add(part);
    hash.update(part);
    givens.push(amongst(classes, given(label, where), where));
  }
  if (parts.length === 0) throw new RinError(`${name}: no samples came`);
  const resolved = resolveLabels(givens, name);
  const names = classes ?? resolved.classes;
  hash.update(JSON.stringify(names)).update(resolved.labels);
  const facts = { name, shape, classes: names, meanSquare: meanSquare.value, skipped: [] };
  return new MemoryDataset({ ...facts, fingerprint: hash.digest('hex') }, resolved.labels, Buffer.concat(parts));
}

/** The class with its number among the program's names. */
function amongst(classes: readonly string[] | undefined, { number, name }: Given, where: string): Given {
  if (!classes || (number === undefined && name === undefined)) return { number, name };
  const label = number ?? classes.indexOf(name ?? '');
  if (label in classes) return { number: label };
  throw new RinError(
    `${where}: class ${number ?? `"${name}"`} is not among the ${classes.length}: ${classes.join(', ')}`,
  );
}
