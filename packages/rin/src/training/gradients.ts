import { norms, stack, type Tensor, unsafe, zeros } from '@rin/torch';

/** Takes the gradients off the parameters, in the order of the parameters. A parameter without a gradient gives zeros. */
export function takeGradients(parameters: readonly Tensor[]): Tensor[] {
  return parameters.map((parameter) => {
    const { grad } = parameter;
    parameter.grad = null;
    return grad ?? zeros(parameter.shape, { device: parameter.device });
  });
}

/**
 * Scales gradients in place so that their common norm is at most `limit` (PyTorch's `clip_grad_norm_`).
 * @param limit 0 = no limit
 * @returns the norm before, a tensor of one number; reading it waits for the device
 */
export function clipNorm(gradients: readonly Tensor[], limit: number): Tensor {
  const norm = stack(norms(gradients)).norm();
  if (limit > 0) {
    const scale = norm.add(1e-6).pow(-1).mul(limit).clamp_(null, 1);
    unsafe.call('aten::_foreach_mul_.Tensor', [gradients, scale]);
  }
  return norm;
}
