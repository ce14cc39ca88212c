import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { RinError } from '@rin/core';
import { type Tensor, tensor } from '@rin/torch';
import { unreadable } from '../../disk/systemError.js';
import type { RawArrays } from './pickle/arrays.js';
import { Damaged } from './pickle/machine.js';

/** Limit in bytes for a file of weights; the largest of the known ones has 96 MB. */
const largest = 1 << 30;

/** The bytes of a file of weights, and their SHA-256. @throws RinError if it cannot be read, or is far too large */
export async function readWeightsFile(path: string): Promise<{ bytes: Uint8Array; sha256: string }> {
  try {
    const { size } = await stat(path);
    if (size > largest) throw new RinError(`${path}: ${size} bytes are too many for the weights of a detector`);
    const bytes = await readFile(path);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    throw unreadable(error, path);
  }
}

/** The arrays of a file by name, as tensors of a shape that is known before. */
export class Weights {
  readonly #path: string;
  readonly #arrays: RawArrays;
  readonly #what: string;

  /**
   * @param read  finds the arrays in the bytes of the file
   * @param what  the network that the file should hold, for messages
   * @throws RinError if the file is damaged
   */
  constructor(path: string, bytes: Uint8Array, read: (bytes: Uint8Array) => RawArrays, what: string) {
    this.#path = path;
    this.#what = what;
    try {
      this.#arrays = read(bytes);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      throw new RinError(`${path} holds no weights of ${what}: ${error.message}; get the file again`);
    }
  }

  /**
   * A float32 tensor on the CPU, which belongs to the innermost scope.
   * @throws RinError if the file has no such array, or one of another shape
   */
  tensor(name: string, shape: readonly number[]): Tensor {
    const array = this.#arrays.get(name);
    const start = `${basename(this.#path)} holds no weights of ${this.#what}`;
    if (array?.dtype !== 'float32')
      throw new RinError(`${start}: it has no ${name}; expected the file that docs/detectors.md names`);
    if (array.shape.join() !== shape.join())
      throw new RinError(
        `${start}: ${name} is [${array.shape.join(', ')}], expected [${shape.join(', ')}]; use the file that docs/detectors.md names`,
      );
    // A copy, because the bytes need not begin at a multiple of four.
    const elements = new Float32Array(new Uint8Array(array.bytes).buffer);
    const { order } = array;
    const inMemory = tensor(
      elements,
      order.map((axis) => shape[axis]),
    );
    return inMemory.permute(order.map((_, axis) => order.indexOf(axis))).contiguous();
  }
}
