import { type Geometry, RinError } from '@rin/core';
import type { Tensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { ForwardOptions } from './rin.js';

/**
 * A pass's input against what the network takes. A wrong shape mostly broadcasts, and swapped sides are cut into wrong
 * patches: both without a word from libtorch.
 * @throws RinError naming what does not fit
 */
export function checkInput(
  config: ModelConfig,
  { size, tokens }: Geometry,
  x: Tensor,
  gamma: Tensor,
  { condition, previous = {} }: ForwardOptions,
): void {
  const [batch] = x.shape;
  checkShape('x', x, [config.channels, ...size], 'B');
  if (!/^b?float/.test(x.dtype)) {
    throw new RinError(
      `x is ${x.dtype}; this network takes floats in [-b, b], b the inputScale: for bytes b·(2·x/255 - 1)`,
    );
  }
  checkShape('gamma', gamma, [], batch);
  if (condition) {
    const { classes, conditionDim, conditionTokens } = config;
    if (classes + conditionDim === 0) throw new RinError('a condition was given; this network takes none');
    checkShape('condition', condition, classes > 0 ? [classes] : [conditionTokens, conditionDim], batch);
  }
  const { latents, interface: interfaceTokens } = previous;
  if (latents) checkShape('previous.latents', latents, [config.latents, config.latentDim], batch);
  if (interfaceTokens) checkShape('previous.interface', interfaceTokens, [tokens, config.interfaceDim], batch);
}

/** @param batch  the first extent: that of x, or `B` for any */
function checkShape(name: string, { shape }: Tensor, sample: readonly number[], batch: number | 'B'): void {
  const wanted = [batch === 'B' ? shape[0] : batch, ...sample];
  if (shape.length === wanted.length && shape.every((extent, axis) => extent === wanted[axis])) return;
  throw new RinError(`${name} is [${shape.join(', ')}]; this network takes [${[batch, ...sample].join(', ')}]`);
}
