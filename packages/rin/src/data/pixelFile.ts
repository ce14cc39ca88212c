import { closeSync, openSync, read, readSync } from 'node:fs';
import { RinError } from '@rin/core';
import { whyNot } from '../disk/systemError.js';
import type { Blocks } from './blocks.js';

/**
 * An open file of samples that are read by position. At the first read from a block, the whole block is read and
 * compared with its digest.
 */
export class PixelFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #sample: number;
  readonly #total: number;
  readonly #blocks?: Blocks;
  /** for each block, whether it was compared with its digest */
  readonly #isCompared: Uint8Array;

  /**
   * @param sample bytes of a sample
   * @param total  bytes of all samples
   * @param blocks absent: nothing is compared
   * @throws the system's error if the file cannot be opened
   */
  constructor(path: string, sample: number, total: number, blocks?: Blocks) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
    this.#sample = sample;
    this.#total = total;
    this.#blocks = blocks;
    this.#isCompared = new Uint8Array(blocks?.count ?? 0);
  }

  /** Copies a sample to the start of `out`. @throws RinError if the file was changed, or cannot be read */
  read(index: number, out: Uint8Array): void {
    const range = this.#range(index, out);
    const { bytes, start } = range;
    let count: number;
    try {
      count = readSync(this.#fd, bytes, 0, bytes.length, start);
    } catch (error) {
      throw this.#refused(error);
    }
    this.#deliver(index, out, range, count);
  }

  /** `read` without blocking the thread. */
  readLater(index: number, out: Uint8Array): Promise<void> {
    const range = this.#range(index, out);
    const { bytes, start } = range;
    return new Promise((resolve, reject) => {
      read(this.#fd, bytes, 0, bytes.length, start, (error, count) => {
        try {
          if (error) throw this.#refused(error);
          this.#deliver(index, out, range, count);
          resolve();
        } catch (problem) {
          reject(problem);
        }
      });
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The range to read for a sample: the sample, or its whole block if the block was not compared yet. */
  #range(index: number, out: Uint8Array): Range {
    const position = index * this.#sample;
    if (out.length < this.#sample) throw new RangeError(`a sample has ${this.#sample} values, not ${out.length}`);
    const block = this.#blocks ? Math.floor(position / this.#blocks.length) : 0;
    if (!this.#blocks || this.#isCompared[block] === 1)
      return { start: position, bytes: out.subarray(0, this.#sample) };
    const start = block * this.#blocks.length;
    return { start, bytes: new Uint8Array(Math.min(this.#blocks.length, this.#total - start)), block };
  }

  #deliver(index: number, out: Uint8Array, { start, bytes, block }: Range, count: number): void {
    if (count < bytes.length)
      throw new RinError(`${this.#path}: the file was cut short while it was in use; start again`);
    if (block === undefined) return;
    if (!this.#blocks?.isIntact(block, bytes)) {
      const last = (start + bytes.length) / this.#sample - 1;
      throw new RinError(
        `${this.#path}: damaged in samples ${start / this.#sample} to ${last}; remove its folder and make it again`,
      );
    }
    this.#isCompared[block] = 1;
    const from = index * this.#sample - start;
    out.set(bytes.subarray(from, from + this.#sample));
  }

  #refused(error: unknown): unknown {
    const reason = whyNot(error);
    return reason === undefined ? error : new RinError(`cannot read ${this.#path}: ${reason}`);
  }
}

interface Range {
  /** in the file */
  readonly start: number;
  /** to be filled */
  readonly bytes: Uint8Array;
  /** to be compared */
  readonly block?: number;
}
