import { createHash, type Hash } from 'node:crypto';
import { lengthOf } from '@rin/core';

/** Bytes of a SHA-256. */
const digestLength = 32;

/** A block has as many whole samples as fit into this number of bytes, but at least one. */
const blockBytes = 2 ** 18;

/** Bytes of the largest block that is accepted, because a block is read at once. */
const largestBlock = 2 ** 24;

/** Samples in a block of a new store. @param shape [C, ...size] of a sample */
export const samplesInBlock = (shape: readonly number[]): number =>
  Math.max(1, Math.floor(blockBytes / lengthOf(shape)));

/** Computes the digests of blocks, sample by sample. */
export class BlockDigests {
  readonly #samples: number;
  readonly #digests: Buffer[] = [];
  #open?: Hash;
  #inOpen = 0;

  /** @param samples in a block */
  constructor(samples: number) {
    this.#samples = samples;
  }

  add(pixels: Uint8Array): void {
    this.#open ??= createHash('sha256');
    this.#open.update(pixels);
    if (++this.#inOpen === this.#samples) this.#end();
  }

  /** All digests one after the other, in base64. Do not call `add` afterwards. */
  finish(): string {
    this.#end();
    return Buffer.concat(this.#digests).toString('base64');
  }

  #end(): void {
    if (this.#open) this.#digests.push(this.#open.digest());
    this.#open = undefined;
    this.#inOpen = 0;
  }
}

/** The blocks of a file of samples, each with its digest. */
export class Blocks {
  /** bytes in each block; the last block may have fewer */
  readonly length: number;
  readonly count: number;
  readonly #samples: number;
  readonly #digests: Buffer;

  /**
   * @param samples in a block
   * @param shape   [C, ...size] of a sample
   * @param total   bytes of all samples
   * @param digests the result of `BlockDigests.finish`
   */
  constructor(samples: number, shape: readonly number[], total: number, digests: string) {
    this.#samples = samples;
    this.length = samples * lengthOf(shape);
    this.count = Math.ceil(total / this.length);
    this.#digests = Buffer.from(digests, 'base64');
  }

  /** Whether each block has a digest, and a block of several samples is small enough to be read at once. */
  get isSound(): boolean {
    return this.#digests.length === this.count * digestLength && (this.#samples === 1 || this.length <= largestBlock);
  }

  /** Whether the bytes of a block match its digest. */
  isIntact(block: number, bytes: Uint8Array): boolean {
    const expected = this.#digests.subarray(block * digestLength, (block + 1) * digestLength);
    return createHash('sha256').update(bytes).digest().equals(expected);
  }

  /** Whether all blocks match their digests. @param pixels the whole file */
  areIntact(pixels: Uint8Array): boolean {
    for (let block = 0; block < this.count; block++) {
      if (!this.isIntact(block, pixels.subarray(block * this.length, (block + 1) * this.length))) return false;
    }
    return true;
  }
}
