import { createHash } from 'node:crypto';
import { lengthOf, RinError } from '@rin/core';
import { type ConditionSequences, type Dataset, MeanSquare, MemoryDataset } from './dataset.js';
import { checkSequence } from './sequences.js';
import { type Given, given, resolveLabels } from './sources/labels.js';

/** A sample that a program supplies. */
export interface ProgramSample {
  /** uint8, planar [C, ...size]; the values are copied */
  readonly pixels: Uint8Array;
  /** class by number from 0 or by name; absent or null = no class */
  readonly label?: number | string | null;
  /** condition sequence, s × d_c finite numbers, one embedding after the other; they are copied; absent or null = none */
  readonly condition?: Float32Array | null;
}

/** Options of `datasetFromSamples`. */
export interface SamplesOptions {
  readonly name?: string;
  readonly classes?: readonly string[];
  readonly condition?: readonly [tokens: number, channels: number];
}

/**
 * Makes a data set from the samples of a program. All samples are read and held in memory.
 * @param samples at least one; values 0 to 255
 * @param shape   [C, ...size] of every sample
 * @param options `name`: name in messages. `classes`: names by label; default: the names in natural order, or the
 *     numbers. `condition`: the shape [s, d_c] of condition sequences; default: one embedding, as long as the first one
 * @throws RinError if there are no samples, or a sample does not fit; the message gives its index
 */
export async function datasetFromSamples(
  samples: AsyncIterable<ProgramSample> | Iterable<ProgramSample>,
  shape: readonly number[],
  { name = 'samples', classes, condition: conditionShape }: SamplesOptions = {},
): Promise<Dataset> {
  const length = lengthOf(shape);
  const parts: Uint8Array[] = [];
  const givens: Given[] = [];
  const sequences = new Sequences(conditionShape);
  const meanSquare = new MeanSquare();
  const hash = createHash('sha256').update(JSON.stringify(shape));
  for await (const { pixels, label, condition } of samples) {
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
    sequences.add(condition, where);
  }
  if (parts.length === 0) throw new RinError(`${name}: no samples; expected at least one`);
  const resolved = resolveLabels(givens, name);
  const names = classes ?? resolved.classes;
  hash.update(JSON.stringify(names)).update(resolved.labels);
  const conditions = sequences.all;
  if (conditions) {
    hash.update(JSON.stringify(conditions.shape));
    const none = new Float32Array(conditions.shape[0] * conditions.shape[1]); // trains like zeros
    for (const sequence of conditions.sequences) hash.update(sequence ?? none);
  }
  const facts = { name, shape, classes: names, meanSquare: meanSquare.value, skipped: [] };
  const pixels = Buffer.concat(parts);
  return new MemoryDataset({ ...facts, fingerprint: hash.digest('hex') }, resolved.labels, pixels, conditions);
}

/** Gathers the condition sequences of samples, and checks each. */
class Sequences {
  readonly #sequences: (Float32Array | undefined)[] = [];
  #shape: ConditionSequences['shape'] | undefined;

  /** @param shape [s, d_c]; default: [1, length of the first sequence] */
  constructor(shape?: ConditionSequences['shape']) {
    this.#shape = shape;
  }

  /** @throws RinError if it has another length, or a number that is not finite */
  add(sequence: Float32Array | null | undefined, where: string): void {
    if (sequence) {
      if (!(sequence instanceof Float32Array)) throw new RinError(`${where}: condition is not a Float32Array`);
      this.#shape ??= [1, sequence.length];
      checkSequence(sequence, this.#shape, `${where}: condition`);
    }
    this.#sequences.push(sequence ? sequence.slice() : undefined);
  }

  /** undefined if no sample has a sequence */
  get all(): ConditionSequences | undefined {
    const has = this.#sequences.some((sequence) => sequence !== undefined);
    return this.#shape && has ? { shape: this.#shape, sequences: this.#sequences } : undefined;
  }
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
