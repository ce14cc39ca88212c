import { withCasts } from './casts.js';
import { dtypeCode } from './dtype.js';
import { TorchError } from './errors.js';
import { native } from './native.js';
import { refusePromise } from './scope.js';

/** Runs `body` without recording gradients. @throws TorchError if `body` returns a promise */
export function noGrad<T>(body: () => T): T {
  const before = native.setGradMode(false);
  try {
    const result = body();
    refusePromise('noGrad', result, 'gradients would be recorded after an await');
    return result;
  } finally {
    native.setGradMode(before !== 0);
  }
}

/**
 * Runs `body` with automatic mixed precision: libtorch's own lists decide which operators use the narrower dtype. Calls nest.
 * @throws TorchError if device or dtype is another one, or `body` returns a promise
 */
export function autocast<T>(device: 'cpu' | 'cuda', dtype: 'bfloat16' | 'float16', body: () => T): T {
  if (device !== 'cpu' && device !== 'cuda') throw new TorchError(`autocast: expected cpu or cuda, got ${device}`);
  if (dtype !== 'bfloat16' && dtype !== 'float16')
    throw new TorchError(`autocast: expected bfloat16 or float16, got ${dtype}`);
  return withCasts({ device, code: dtypeCode(dtype) }, () => {
    const result = body();
    refusePromise('autocast', result, 'operators after an await would not be cast');
    return result;
  });
}
