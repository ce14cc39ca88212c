import { type Geometry, RinError } from '@rin/core';
import { Tensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { ForwardOptions, SignalLevels } from './pass.js';

/**
 * Checks the inputs of a pass. libtorch would broadcast most wrong shapes, and cut swapped sides into wrong patches, without
 * an error.
 * @throws RinError naming the input that does not fit
 */
export function checkInput(
  config: ModelConfig,
  { size, tokens }: Geometry,
  x: Tensor,
  gamma: SignalLevels,
  { condition, previous = {} }: ForwardOptions,
): void {
  const [batch] = x.shape;
  checkShape('x', x, [config.channels, ...size], 'B');
  if (!/^b?float/.test(x.dtype)) {
    throw new RinError(
      `x is ${x.dtype}; this network takes floats in [-b, b], b the inputScale: for bytes b·(2·x/255 - 1)`,
    );
  }
  if (Array.isArray(gamma)) {
    if (gamma.length !== batch) throw new RinError(`gamma has ${gamma.length} numbers; x has ${batch} samples`);
  } else if (gamma instanceof Tensor) checkShape('gamma', gamma, [], batch);
  else if ('code' in gamma) {
    const dim = config.timeOn === 'latents' ? config.latentDim : config.interfaceDim;
    checkShape('gamma.code', gamma.code, [dim / 4], batch);
  }
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
