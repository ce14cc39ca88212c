import { callTensor } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { Elementwise } from './elementwise.js';
import { type Dimensions, type Found, find, list } from './operands.js';

/**
 * Methods of a `Tensor` that compute along dimensions: products, sums, extremes, order. Without `dims` they go over all
 * dimensions. With `keepdim` a dimension that is summed up stays, of size 1.
 */
export abstract class Reductions extends Elementwise {
  /** The product of matrices [..., n, k] · [..., k, m] → [..., n, m]; vectors are allowed; other dimensions are broadcast. */
  matmul(other: Tensor): Tensor {
    return callTensor('aten::matmul', this, other);
  }
  /** The product of each pair of matrices: [B, n, k] · [B, k, m] → [B, n, m]. */
  bmm(other: Tensor): Tensor {
    return callTensor('aten::bmm', this, other);
  }
  /** The sum; integers and bool give int64. */
  sum(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::sum.dim_IntList', this, list(dims), keepdim);
  }
  /** The mean. Floating-point tensors only. */
  mean(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::mean.dim', this, list(dims), keepdim);
  }
  /** The product of all elements; integers and bool give int64. */
  prod(): Tensor;
  /** The product along one dimension; integers and bool give int64. */
  prod(dim: number, options?: { keepdim?: boolean }): Tensor;
  prod(dim?: number, { keepdim = false } = {}): Tensor {
    if (dim === undefined) return callTensor('aten::prod', this);
    return callTensor('aten::prod.dim_int', this, dim, keepdim);
  }
  /** Sums of the elements up to each one along a dimension; same shape. */
  cumsum(dim: number): Tensor {
    return callTensor('aten::cumsum', this, dim);
  }
  /** The largest element. The gradient is shared between equal ones. */
  amax(dims: Dimensions = [], { keepdim = false } = {}): Tensor {
    return callTensor('aten::amax', this, list(dims), keepdim);
  }
  /** The smallest element. The gradient is shared between equal ones. */
  amin(dims: Dimensions = [], { keepdim = false } = {}): Tensor {
    return callTensor('aten::amin', this, list(dims), keepdim);
  }
  /** The largest element of all. */
  max(): Tensor;
  /** The largest element along a dimension, and its index (int64). */
  max(dim: number, options?: { keepdim?: boolean }): Found;
  max(dim?: number, { keepdim = false } = {}): Tensor | Found {
    return dim === undefined ? callTensor('aten::max', this) : find('aten::max.dim', this, dim, keepdim);
  }
  /** The smallest element of all. */
  min(): Tensor;
  /** The smallest element along a dimension, and its index (int64). */
  min(dim: number, options?: { keepdim?: boolean }): Found;
  min(dim?: number, { keepdim = false } = {}): Tensor | Found {
    return dim === undefined ? callTensor('aten::min', this) : find('aten::min.dim', this, dim, keepdim);
  }
  /** The index (int64) of the largest element along a dimension; without `dim`, in the flattened tensor. */
  argmax(dim?: number, { keepdim = false } = {}): Tensor {
    return callTensor('aten::argmax', this, dim ?? null, keepdim);
  }
  /** The index (int64) of the smallest element along a dimension; without `dim`, in the flattened tensor. */
  argmin(dim?: number, { keepdim = false } = {}): Tensor {
    return callTensor('aten::argmin', this, dim ?? null, keepdim);
  }
  /** The k largest elements along a dimension and their indices: [..., n] → [..., k]. `largest: false` gives the smallest. */
  topk(k: number, { dim = -1, largest = true, sorted = true } = {}): Found {
    return find('aten::topk', this, k, dim, largest, sorted);
  }
  /** The elements in rising order along a dimension, and the indices where they were. Equal elements keep their order. */
  sort(dim = -1, { descending = false } = {}): Found {
    return find('aten::sort.stable', this, true, dim, descending);
  }
  /** Whether any element is not 0; bool. */
  any(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::any.dims', this, list(dims), keepdim);
  }
  /** Whether no element is 0; bool. */
  all(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::all.dims', this, list(dims), keepdim);
  }
  /** Variance; divides by N − correction. */
  var(dims?: Dimensions, { correction = 1, keepdim = false } = {}): Tensor {
    return callTensor('aten::var.correction', this, list(dims), correction, keepdim);
  }
  /** Standard deviation; divides by N − correction. */
  std(dims?: Dimensions, { correction = 1, keepdim = false } = {}): Tensor {
    return callTensor('aten::std.correction', this, list(dims), correction, keepdim);
  }
  /** Euclidean norm. */
  norm(dims?: Dimensions, { keepdim = false } = {}): Tensor {
    return callTensor('aten::linalg_vector_norm', this, 2, list(dims), keepdim);
  }
  /** eˣ / Σ eˣ along a dimension; same shape. */
  softmax(dim: number): Tensor {
    return callTensor('aten::softmax.int', this, dim);
  }
  /** The logarithm of `softmax`, which stays exact where the softmax is 0. */
  logSoftmax(dim: number): Tensor {
    return callTensor('aten::log_softmax.int', this, dim);
  }
}
