import type { ModelConfig } from '../config/model.js';
import { RIN } from './rin.js';

/** The parts of a network, in the order of a pass. */
export const modelParts = [
  'stem',
  'latents',
  'time',
  'condition',
  'warmStart',
  'read',
  'compute',
  'write',
  'convolution',
  'readout',
] as const;

/**
 * A part of a network: stem with positions, learned latents, time token, condition token, warm start from an earlier pass,
 * then read, compute, write and convolution of all blocks, and readout.
 */
export type ModelPart = (typeof modelParts)[number];

/** The part of a parameter, by its name. */
export function partOfParameter(name: string): ModelPart {
  if (name.startsWith('blocks.')) {
    const layer = name.split('.')[2];
    if (layer === 'compute' || layer === 'write' || layer === 'convolution') return layer;
    return 'read'; // and the decoupled read
  }
  const [first] = name.split(/[._]/);
  if (first === 'stem' || first === 'interface') return 'stem';
  if (first === 'label') return 'condition';
  if (first === 'previous') return 'warmStart';
  if (first === 'latents' || first === 'time' || first === 'readout') return first;
  throw new TypeError(`a parameter of no part: ${name}`);
}

/** Numbers of weights by part. It builds the network without values, so it takes no memory. */
export function parametersByPart(model: ModelConfig): Record<ModelPart, number> {
  const found = Object.fromEntries(modelParts.map((part) => [part, 0])) as Record<ModelPart, number>;
  for (const [name, tensor] of Object.entries(new RIN(model, { seed: null }).parameters())) {
    found[partOfParameter(name)] += tensor.size;
    tensor.dispose();
  }
  return found;
}
