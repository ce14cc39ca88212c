import { count, geometry, latentSlots } from '@rin/core';
import type { SafetensorsFile } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';

/** Numbers of a fixed position code, which is computed and not read: some seconds of work. Trained networks have far fewer. */
const mostInCode = 2 ** 25;

/**
 * What a network of this configuration needs and the file does not have; undefined if they go together as far as this looks.
 * It looks at what decides how long a network takes to build: blocks, layers, tokens, latents and the dimensions of both. A
 * file from a stranger may ask for a billion of each. Only the header of the file is read, and nothing is built.
 */
export function misfit(config: ModelConfig, file: Pick<SafetensorsFile, 'names' | 'info'>): string | undefined {
  const known = new Set(file.names);
  const layers = layersOf(file.names);
  if (layers.length !== config.depth.length)
    return `its configuration has ${count(config.depth.length)} blocks, and its tensors are those of ${count(layers.length)}`;
  const block = config.depth.findIndex((depth, index) => depth !== layers[index]);
  if (block >= 0)
    return `block ${block} has ${count(config.depth[block])} compute layers in its configuration, and ${count(layers[block])} in its tensors`;

  const { tokens, patchLength, grid } = geometry(config);
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
      return `${name} is [${found.join(', ')}], and its configuration needs [${shape.join(', ')}]`;
  }
  const codes = [
    { of: `${grid.join('×')} interface tokens`, length: tokens * dim, position: config.interfacePosition },
    { of: `${count(slots)} latents`, length: slots * latentDim, position: config.latentPosition },
  ];
  const large = codes.find(({ length, position }) => position !== 'learned' && length > mostInCode);
  return large && `the position code of its ${large.of} has more than ${count(mostInCode)} numbers`;
}

/** Compute layers by block, counted from the names of the tensors, as in `blocks.0.compute.1.norm.weight`. */
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
