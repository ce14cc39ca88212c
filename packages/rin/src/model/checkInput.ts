import { fewestLatents, type Geometry, RinError } from '@rin/core';
import { Tensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { ForwardOptions, SignalLevels } from './pass.js';
import { checkLatents } from './passLatents.js';

/**
 * Checks the inputs of a pass. Without it libtorch would broadcast most wrong shapes, and cut pictures with swapped sides into
 * wrong patches.
 * @throws RinError if an input does not fit; the message names it
 */
export function checkInput(
  config: ModelConfig,
  { predicted: { size, tokens }, given: part }: Geometry,
  x: Tensor,
  gamma: SignalLevels,
  { condition, given, previous = {}, latents: count, onAttention, recompute }: ForwardOptions,
): void {
  const [batch] = x.shape;
  checkShape('x', x, [config.channels, ...size], 'B');
  checkFloats('x', x);
  if (Array.isArray(gamma)) {
    if (gamma.length !== batch)
      throw new RinError(`gamma has ${gamma.length} numbers; expected ${batch}, one for each sample of x`);
  } else if (gamma instanceof Tensor) checkShape('gamma', gamma, [], batch);
  else if ('code' in gamma) {
    const dim = config.timeOn === 'latents' ? config.latentDim : config.interfaceDim;
    checkShape('gamma.code', gamma.code, [dim / 4], batch);
  }
  if (part && !given)
    throw new RinError(
      `this network predicts frames from ${part.size[0]} given ones; pass them as \`given\`, [${[batch, config.channels, ...part.size].join(', ')}]`,
    );
  if (given) {
    if (!part) throw new RinError('this network takes no given frames, but some were given; leave them out');
    checkShape('given', given, [config.channels, ...part.size], batch);
    checkFloats('given', given);
  }
  if (condition) {
    const { classes, conditionDim, conditionTokens } = config;
    if (classes + conditionDim === 0)
      throw new RinError('this network takes no condition, but one was given; leave it out');
    const rows = condition.shape[0] === 2 * batch ? 2 * batch : batch;
    checkShape('condition', condition, classes > 0 ? [classes] : [conditionTokens, conditionDim], rows);
  }
  if (onAttention && recompute)
    throw new RinError('onAttention does not go with recompute, which runs the blocks twice; leave one of them out');
  checkLatents(config, count, batch);
  const { latents, interface: interfaceTokens, data } = previous;
  if (latents) {
    const [, found = 0] = latents.shape;
    const isPossible = found >= fewestLatents(config) && found < config.latents; // of a pass with fewer latents
    checkShape('previous.latents', latents, [isPossible ? found : config.latents, config.latentDim], batch);
  }
  if (interfaceTokens) checkShape('previous.interface', interfaceTokens, [tokens, config.interfaceDim], batch);
  if (data) checkShape('previous.data', data, [config.channels, ...size], batch);
}

function checkFloats(name: string, { dtype }: Tensor): void {
  if (/^b?float/.test(dtype)) return;
  throw new RinError(
    `${name} is ${dtype}; expected floats in [-b, b], b = inputScale. Convert bytes with b·(2·x/255 - 1)`,
  );
}

/** @param batch  the first size, or `B` if any is allowed */
function checkShape(name: string, { shape }: Tensor, sample: readonly number[], batch: number | 'B'): void {
  const wanted = [batch === 'B' ? shape[0] : batch, ...sample];
  if (shape.length === wanted.length && shape.every((extent, axis) => extent === wanted[axis])) return;
  throw new RinError(`${name} is [${shape.join(', ')}]; expected [${[batch, ...sample].join(', ')}]`);
}
