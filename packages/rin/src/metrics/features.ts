import { noGrad, scope, type Tensor, tensor } from '@rin/torch';

/** Vectors of a set of samples, one row after the other. */
export interface Features {
  /** number of samples n */
  readonly count: number;
  /** numbers of one sample F */
  readonly width: number;
  /** [n·F], row by row; finite */
  readonly values: Float32Array;
}

/** Rows of a block of a product. Its 8 MB of float64 fit into caches, and the work of a call is far above its overhead. */
const blockRows = 1024;

/** A part of the rows. */
export interface Block {
  readonly first: number;
  /** float64 [rows, F]; belongs to the caller */
  readonly rows: Tensor;
}

/** The rows in float64, block by block. */
export function* blocksOf({ count, width, values }: Features): Generator<Block, void, void> {
  for (let first = 0; first < count; first += blockRows) {
    const end = Math.min(count, first + blockRows);
    const part = values.subarray(first * width, end * width);
    yield { first, rows: scope(() => noGrad(() => tensor(part, [end - first, width]).to('float64'))) };
  }
}

/**
 * Remembers what was computed from a set, as long as the set is in memory: a reference is compared with many sets.
 * @param compute a function of the set alone
 */
export function remembered<T>(compute: (set: Features, signal?: AbortSignal) => Promise<T>): typeof compute {
  const known = new WeakMap<Features, T>();
  return async (set, signal) => {
    const found = known.get(set) ?? (await compute(set, signal));
    known.set(set, found);
    return found;
  };
}
