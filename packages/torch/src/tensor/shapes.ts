import { Handle } from '../handle.js';
import { call, callTensor } from '../operator.js';
import type { Tensor } from '../tensor.js';
import type { Operand } from './operands.js';
import { Reductions } from './reductions.js';

/** Methods of a `Tensor` that choose or arrange elements. Results called views share memory with the tensor. */
export abstract class Shapes extends Reductions {
  /** The same elements in another shape; one size may be −1, which is computed. A view where the memory allows it. */
  reshape(shape: readonly number[]): Tensor {
    return callTensor('aten::reshape', this, shape);
  }
  /** A view with the dimensions in another order: dimension i of the result is `dims[i]`. */
  permute(dims: readonly number[]): Tensor {
    return callTensor('aten::permute', this, dims);
  }
  /** A view with two dimensions swapped. */
  transpose(a: number, b: number): Tensor {
    return callTensor('aten::transpose.int', this, a, b);
  }
  /** A view that repeats dimensions of size 1 up to `shape`; −1 keeps a size. */
  expand(shape: readonly number[]): Tensor {
    return callTensor('aten::expand', this, shape);
  }
  /** The same tensor with its elements in row-major order in memory; a copy only if they are not. */
  contiguous(): Tensor {
    return callTensor('aten::contiguous', this);
  }
  /** A view with a new dimension of size 1 at `dim`. */
  unsqueeze(dim: number): Tensor {
    return callTensor('aten::unsqueeze', this, dim);
  }
  /** A view without dimension `dim`, if its size is 1; otherwise a view of the same shape. */
  squeeze(dim: number): Tensor {
    return callTensor('aten::squeeze.dim', this, dim);
  }
  /** Joins the dimensions from `start` to `end` into one. A view where the memory allows it. */
  flatten(start = 0, end = -1): Tensor {
    return callTensor('aten::flatten.using_ints', this, start, end);
  }
  /** A view of `length` elements of a dimension, from `start` on. */
  narrow(dim: number, start: number, length: number): Tensor {
    return callTensor('aten::narrow', this, dim, start, length);
  }
  /** A view of one index of a dimension, which disappears: `x.select(0, i)` is row i. */
  select(dim: number, index: number): Tensor {
    return callTensor('aten::select.int', this, dim, index);
  }
  /** A view of the elements start, start + step, … below `end` of a dimension. Negative numbers count from its end. */
  slice(dim: number, start: number | null = null, end: number | null = null, step = 1): Tensor {
    return callTensor('aten::slice.Tensor', this, dim, start, end, step);
  }
  /** Copies the given indices of a dimension: index [n], of integers. */
  indexSelect(dim: number, index: Tensor): Tensor {
    return callTensor('aten::index_select', this, dim, index);
  }
  /**
   * Picks elements along a dimension: result[i][j] = this[index[i][j]][j] for `dim` 0, and so on. The result has the shape of
   * `index`, which holds int64.
   */
  gather(dim: number, index: Tensor): Tensor {
    return callTensor('aten::gather', this, dim, index);
  }
  /**
   * A copy with elements of `source` put at `index` along a dimension: result[index[i][j]][j] = source[i][j] for `dim` 0. It is
   * the reverse of `gather`. `index` holds int64; a number as source is put at every index.
   */
  scatter(dim: number, index: Tensor, source: Operand): Tensor {
    return callTensor(source instanceof Handle ? 'aten::scatter.src' : 'aten::scatter.value', this, dim, index, source);
  }
  /**
   * Copies chosen elements, as `x[rows, columns]` does in PyTorch. One entry for each of the first dimensions: int64 indices,
   * a bool mask, or null for the whole dimension. Index tensors are broadcast against each other.
   */
  index(indices: readonly (Tensor | null)[]): Tensor {
    return callTensor('aten::index.Tensor', this, indices);
  }
  /** A copy with `values` at chosen elements, see `index`. `accumulate` adds them, also where an index is repeated. */
  indexPut(indices: readonly (Tensor | null)[], values: Tensor, { accumulate = false } = {}): Tensor {
    return callTensor('aten::index_put', this, indices, values, accumulate);
  }
  /** A copy of matrices [..., n, m] with zeros above a diagonal: 0 is the main one, positive ones are above it. */
  tril(diagonal = 0): Tensor {
    return callTensor('aten::tril', this, diagonal);
  }
  /** A copy of matrices [..., n, m] with zeros below a diagonal: 0 is the main one, positive ones are above it. */
  triu(diagonal = 0): Tensor {
    return callTensor('aten::triu', this, diagonal);
  }
  /** Views of `size` elements each along a dimension; the last one may be smaller. */
  split(size: number, dim = 0): Tensor[] {
    return call('aten::split.Tensor', this, size, dim) as Tensor[];
  }
  /** At most `count` views of equal size along a dimension; the last one may be smaller. */
  chunk(count: number, dim = 0): Tensor[] {
    return call('aten::chunk', this, count, dim) as Tensor[];
  }
  /** A view for each index of a dimension, which disappears. */
  unbind(dim = 0): Tensor[] {
    return call('aten::unbind.int', this, dim) as Tensor[];
  }
}
