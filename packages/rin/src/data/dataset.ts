import { lengthOf } from '@rin/core';
import type { PixelFile } from './pixelFile.js';
import type { Skipped } from './sources/source.js';

/**
 * Decoded samples that can be read in any order. `openDataset` makes a data set from files, `datasetFromSamples` from
 * the samples of a program. A program may also implement this interface.
 */
export interface Dataset {
  /** name in messages and runs */
  readonly name: string;
  /** number of samples, at least 1 */
  readonly length: number;
  /** [C, ...size] of every sample */
  readonly shape: readonly number[];
  /** names by label; empty if no sample has a class */
  readonly classes: readonly string[];
  /** mean square of the data scaled to [−1, 1]: the mean of (2x/255 − 1)² over all values x; in [0, 1] */
  readonly meanSquare: number;
  /** bytes of memory that the samples take; absent = unknown */
  readonly memory?: number;
  /** pictures of the source that could not be used, and why */
  readonly skipped: readonly Skipped[];
  /**
   * 64 hexadecimal digits, equal for equal contents and options in any place. A run resumes only on data with the same
   * fingerprint.
   */
  readonly fingerprint: string;
  /** [s, d_c] of every condition sequence: number of embeddings, and numbers in each; absent = the data have none */
  readonly conditionShape?: readonly [tokens: number, channels: number];
  /** index into `classes`, or -1 for none */
  label(index: number): number;
  /** The condition sequence of a sample, s × d_c numbers one embedding after the other; undefined = none. */
  condition?(index: number): Float32Array | undefined;
  /**
   * Copies one sample, planar [C, ...size], to the start of `out`.
   * @param index from 0 to `length - 1`
   * @throws RangeError if there is no such sample, or `out` is too short
   * @throws RinError if its file cannot be read or was changed
   */
  read(index: number, out: Uint8Array): void;
  /** `read` without blocking the thread, for samples that are not in memory. */
  readLater?(index: number, out: Uint8Array): Promise<void>;
  /** Closes the files. Do not read samples afterwards. */
  close(): void;
}

/** The description of a data set. */
export type Facts = Omit<
  Dataset,
  'length' | 'memory' | 'label' | 'condition' | 'conditionShape' | 'read' | 'readLater' | 'close'
>;

/** Data of up to this number of bytes are held in memory; larger data are read from the cache. */
export const mostInMemory = 2 ** 28;

/** The common part of data sets: the facts, and a label for every sample. */
abstract class Labelled {
  readonly name: string;
  readonly length: number;
  readonly shape: readonly number[];
  readonly classes: readonly string[];
  readonly meanSquare: number;
  readonly skipped: readonly Skipped[];
  readonly fingerprint: string;
  readonly memory: number;
  readonly #labels: Int32Array;

  /** @param held bytes of pixels in memory */
  constructor(facts: Facts, labels: Int32Array, held: number) {
    this.name = facts.name;
    this.length = labels.length;
    this.shape = facts.shape;
    this.classes = facts.classes;
    this.meanSquare = facts.meanSquare;
    this.skipped = facts.skipped;
    this.fingerprint = facts.fingerprint;
    this.memory = held + labels.byteLength;
    this.#labels = labels;
  }

  label(index: number): number {
    return this.#labels[this.checked(index)];
  }

  protected checked(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return index;
    throw new RangeError(`${this.name}: sample ${index}: expected 0 to ${this.length - 1}`);
  }
}

/** Bytes of memory that decoded samples and their labels take. @param shape [C, ...size] */
export function bytesInMemory(samples: number, shape: readonly number[]): number {
  const pixels = samples * lengthOf(shape);
  return (pixels <= mostInMemory ? pixels : 0) + Int32Array.BYTES_PER_ELEMENT * samples;
}

/** The condition sequences of all samples, undefined = none, and their common shape [s, d_c]. */
export interface ConditionSequences {
  readonly shape: readonly [tokens: number, channels: number];
  readonly sequences: readonly (Float32Array | undefined)[];
}

/** A data set in memory. */
export class MemoryDataset extends Labelled implements Dataset {
  readonly #pixels: Uint8Array;
  readonly #sample: number;

  readonly conditionShape?: readonly [tokens: number, channels: number];
  readonly #sequences: readonly (Float32Array | undefined)[];

  /**
   * @param pixels     all samples, one after the other; each planar [C, ...size]
   * @param conditions condition sequences of the samples, and their shape [s, d_c]
   */
  constructor(facts: Facts, labels: Int32Array, pixels: Uint8Array, conditions?: ConditionSequences) {
    const sequences = conditions?.sequences ?? [];
    super(facts, labels, pixels.length + sequences.reduce((sum, each) => sum + (each?.byteLength ?? 0), 0));
    this.#pixels = pixels;
    this.#sample = lengthOf(facts.shape);
    this.#sequences = sequences;
    if (conditions) this.conditionShape = conditions.shape;
  }

  condition(index: number): Float32Array | undefined {
    return this.#sequences[this.checked(index)];
  }

  read(index: number, out: Uint8Array): void {
    const start = this.checked(index) * this.#sample;
    out.set(this.#pixels.subarray(start, start + this.#sample));
  }

  close(): void {}
}

/** A data set in a file. Samples are read when they are needed. */
export class FileDataset extends Labelled implements Dataset {
  readonly #pixels: PixelFile;

  /** @param pixels all samples, one after the other; `close` closes the file */
  constructor(facts: Facts, labels: Int32Array, pixels: PixelFile) {
    super(facts, labels, 0);
    this.#pixels = pixels;
  }

  read(index: number, out: Uint8Array): void {
    this.#pixels.read(this.checked(index), out);
  }

  readLater(index: number, out: Uint8Array): Promise<void> {
    return this.#pixels.readLater(this.checked(index), out);
  }

  close(): void {
    this.#pixels.close();
  }
}

/** Mean of (2x/255 − 1)² over all values x. The sums of x and x² are exact, because they are integers below 2⁵³. */
export class MeanSquare {
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(pixels: Uint8Array): void {
    let sum = 0;
    let squares = 0;
    for (const x of pixels) {
      sum += x;
      squares += x * x;
    }
    this.#count += pixels.length;
    this.#sum += sum;
    this.#squares += squares;
  }

  get value(): number {
    return (4 * this.#squares) / 255 ** 2 / this.#count - (4 * this.#sum) / 255 / this.#count + 1;
  }
}
