import { count, geometry, inputChannels, latentSlots } from '@rin/core';
import type { SafetensorsFile } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';

/** Most numbers of a fixed position code. It is computed, not read; this many take some seconds. Trained networks have far fewer. */
const mostInCode = 2 ** 25;

/**
 * Compares a configuration with the header of a model file before the network is built, because a hostile file may ask for a
 * billion layers. It checks the numbers of blocks, layers, tokens and latents, and the dimensions of both.
 * @returns the first difference, as a sentence; undefined if there is none
 */
export function misfit(config: ModelConfig, file: Pick<SafetensorsFile, 'names' | 'info'>): string | undefined {
  const known = new Set(file.names);
  const layers = layersOf(file.names);
  if (layers.length !== config.depth.length)
    return `its configuration has ${count(config.depth.length)} blocks, but its tensors belong to ${count(layers.length)}`;
  const block = config.depth.findIndex((depth, index) => depth !== layers[index]);
  if (block >= 0)
    return `block ${block} has ${count(config.depth[block])} compute layers in its configuration, but ${count(layers[block])} in its tensors`;

  const { tokens, grid } = geometry(config);
  const { patchLength } = geometry({ ...config, channels: inputChannels(config) });
  const { interfaceDim: dim, latentDim } = config;
  const slots = latentSlots(config).learned;
  const learned = (name: string, position: ModelConfig['latentPosition'], shape: number[]) =>
    position === 'sinCos' ? [] : [{ name, shape }];
  const expected = [
    { name: 'stem.weight', shape: [dim, patchLength] },
    { name: 'blocks.0.read.norm.weight', shape: [latentDim] },
    ...learned('interface_position', config.interfacePosition, [tokens, dim]),
    ...learned('latents', config.latentPosition, [slots, latentDim]),
  ];
  for (const { name, shape } of expected) {
    if (!known.has(name)) return `${name} is missing`;
    const found = file.info(name).shape;
    if (found.join() !== shape.join())
      return `${name} is [${found.join(', ')}], but its configuration needs [${shape.join(', ')}]`;
  }
  const codes = [
    { of: `${grid.join('×')} interface tokens`, length: tokens * dim, position: config.interfacePosition },
    { of: `${count(slots)} latents`, length: slots * latentDim, position: config.latentPosition },
  ];
  const large = codes.find(({ length, position }) => position !== 'learned' && length > mostInCode);
  return large && `the position code of its ${large.of} has more numbers than ${count(mostInCode)}, the limit`;
}

/** Number of compute layers of each block, from the names of the tensors, such as `blocks.0.compute.1.norm.weight`. */
function layersOf(names: readonly string[]): number[] {
  const blocks = new Map<string, Set<string>>();
  for (const name of names) {
    const [, block, layer] = /^blocks\.(\d+)\.(?:compute\.(\d+)\.)?/.exec(name) ?? [];
    if (block === undefined) continue;
    const layers = blocks.get(block) ?? new Set();
    blocks.set(block, layers);
    if (layer !== undefined) layers.add(layer);
  }
  return Array.from(blocks.keys(), Number)
    .sort((a, b) => a - b)
    .map((block) => blocks.get(String(block))?.size ?? 0);
}
