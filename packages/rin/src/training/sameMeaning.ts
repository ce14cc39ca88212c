import { isDeepStrictEqual } from 'node:util';
import { conditionTokens, geometry, patchList, sizeList } from '@rin/core';
import type { Config } from '../config/config.js';

/** A key that differs between the configuration of a model and the one to train with; values as one would type them. */
export interface Difference {
  readonly key: string;
  readonly there: string;
  readonly here: string;
}

/**
 * Weights of equal shapes can mean different things. Compares the keys that no shape tells of.
 *
 * Which side a key is on was measured: the loss of the trained demo network (0.034; untrained: 0.56) under each change, without
 * further training. Another prediction gives 1.7 (v) or 725 (eps); an input scale of 1 instead of 0.4 gives 0.22, of 0.2 gives
 * 0.56; timeScaling 100 gives 0.11. Another normalizeInput or schedule leaves it below 0.04.
 * @param theirs of the model
 * @returns meaningless: what the weights read or write stands for something else. worse: they are a worse start
 */
export function compareMeaning(theirs: Config, ours: Config): { meaningless: Difference[]; worse: Difference[] } {
  const meaningless = (({ model, diffusion }: Config) => ({
    'diffusion.prediction': diffusion.prediction,
    'diffusion.inputScale': diffusion.inputScale,
    'model.channels': model.channels,
    'model.patch': patchList(model.patch, sizeList(model.size).length),
    'model.latentHeads': model.latentHeads,
    'model.readWriteHeads': model.readWriteHeads,
    'model.timeScaling': model.timeScaling,
    'model.interfacePosition': model.interfacePosition,
    'model.latentPosition': model.latentPosition,
    // Learned positions are those of a grid of patches; computed ones are there for any.
    ...(model.interfacePosition !== 'sinCos' && { 'model.size': geometry(model).size }),
  })) satisfies (config: Config) => Record<string, unknown>;
  const worse = (({ model, diffusion }: Config) => ({
    'diffusion.normalizeInput': diffusion.normalizeInput,
    'diffusion.schedule': diffusion.schedule,
    'model.timeOn': model.timeOn,
    ...(conditionTokens(model) > 0 && { 'model.conditionOn': model.conditionOn }),
  })) satisfies (config: Config) => Record<string, unknown>;
  return {
    meaningless: different(meaningless(theirs), meaningless(ours)),
    worse: different(worse(theirs), worse(ours)),
  };
}

function different(theirs: Readonly<Record<string, unknown>>, ours: Readonly<Record<string, unknown>>): Difference[] {
  return Object.keys(theirs)
    .filter((key) => key in ours && !isDeepStrictEqual(theirs[key], ours[key]))
    .map((key) => ({ key, there: shown(theirs[key]), here: shown(ours[key]) }));
}

/** `x`, `4`, `[4, 4]`, `{ kind: cosine, tau: 1 }` */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${shown(inner)}`)
    .join(', ')} }`;
}
