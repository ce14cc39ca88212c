import { embedding } from '../functions.js';
import { Module } from '../module.js';
import { checked, count } from '../range.js';
import type { Tensor } from '../tensor.js';
import { type InitialOptions, initial, parameter } from './initial.js';

/** A table of vectors: whole numbers [...] from 0 to rows − 1 → rows of the table [..., dim]. */
export class Embedding extends Module {
  readonly weight: Tensor;

  /**
   * @param options.initial  default: `initial.normal()`, as in PyTorch
   * @throws TorchError if a size is not a whole number of at least 1, or an option is out of range
   */
  constructor(rows: number, dim: number, { initial: values = initial.normal(), seed }: InitialOptions = {}) {
    super();
    checked('Embedding: rows', rows, count);
    checked('Embedding: dim', dim, count);
    this.weight = parameter([rows, dim], { initial: values, seed });
  }

  /** @param indices  int64 or int32 @throws TorchError if an index is out of range, or the dtype is another one */
  forward(indices: Tensor): Tensor {
    return embedding(this.weight, indices);
  }
}
