import { dtypeCode } from './dtype.js';
import { TorchError } from './errors.js';
import { native } from './native.js';
import { refusePromise } from './scope.js';

/** Runs `body` without recording for gradients. @throws TorchError if it returns a promise */
export function noGrad<T>(body: () => T): T {
  const before = native.setGradMode(false);
  try {
    const result = body();
    refusePromise('noGrad', result, 'what comes after an await would be recorded');
    return result;
  } finally {
    native.setGradMode(before !== 0);
  }
}

/**
 * Runs `body` with products and the like in a narrower dtype, by libtorch's own lists. Calls nest.
 * @param device  `cpu` or `cuda`
 * @param dtype   `bfloat16`, or `float16`
 * @throws TorchError if it returns a promise
 */
export function autocast<T>(device: 'cpu' | 'cuda', dtype: 'bfloat16' | 'float16', body: () => T): T {
  if (device !== 'cpu' && device !== 'cuda') throw new TorchError(`autocast: cpu or cuda was expected, got ${device}`);
  if (dtype !== 'bfloat16' && dtype !== 'float16')
    throw new TorchError(`autocast: bfloat16 or float16 was expected, got ${dtype}`);
  const before = native.setAutocast(device, dtypeCode(dtype));
  try {
    const result = body();
    refusePromise('autocast', result, 'what comes after an await would not be cast');
    return result;
  } finally {
    native.setAutocast(device, before);
  }
}
