import { TorchError } from '../errors.js';
import { norms, stack } from '../functions.js';
import { noGrad } from '../modes.js';
import type { Module } from '../module.js';
import { call } from '../operator.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { type Named, parametersOf } from './parameters.js';

/**
 * Scales the gradients of parameters in place so that their common norm is at most `limit`, as PyTorch's `clip_grad_norm_`
 * does. Call it between `backward` and `step`. Parameters without a gradient are left out.
 * @param parameters  a module, or parameters by name
 * @param limit       Infinity = no limit
 * @returns the norm before, a tensor of one number; reading it waits for the device
 * @throws TorchError if the limit is not above 0, or no parameter has a gradient
 */
export function clipGradNorm(parameters: Module | Named, limit: number): Tensor {
  if (!(limit > 0)) throw new TorchError(`clipGradNorm: the limit must be above 0, got ${limit}`);
  return noGrad(() =>
    scope(() => {
      const gradients = Object.values(parametersOf('clipGradNorm', parameters)).flatMap(({ grad }) => grad ?? []);
      if (gradients.length === 0)
        throw new TorchError('clipGradNorm: no parameter has a gradient; call backward first');
      const norm = stack(norms(gradients)).norm();
      if (limit < Number.POSITIVE_INFINITY) {
        const scale = norm.add(1e-6).pow(-1).mul(limit).clamp_(null, 1);
        call('aten::_foreach_mul_.Tensor', gradients, scale);
      }
      return norm;
    }),
  );
}
