import type { ModelConfig } from '../../../src/config/model.js';
import { geometry } from './geometry.js';
import { referenceParameters } from './parameters.js';
import { product, type Values } from './values.js';

/** Uniform numbers in [0, 1) for tests (a 32-bit xorshift with a multiplicative output), the same for the same seed. */
export function generator(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (Math.imul(state, 0x2c1b3c6d) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  return next;
}

/** Numbers that float32 holds exactly, uniform in ±limit. */
export function values(random: () => number, shape: number[], limit = 1, centre = 0): Values {
  const data = Float64Array.from({ length: product(shape) }, () => Math.fround(centre + (2 * random() - 1) * limit));
  return { shape, data };
}

/**
 * Random parameters that let every path matter: gains around 1 (0 for none), biases and shifts of 0.5, kernels that keep
 * the size of what they are given.
 */
export function randomParameters(config: ModelConfig, seed: number): Record<string, Values> {
  const random = generator(seed);
  return Object.fromEntries(
    Object.entries(referenceParameters(config)).map(([name, shape]) => [name, randomParameter(name, shape, random)]),
  );
}

/** The same, each a function of its own name: an option which brings others leaves those that it shares as they are. */
export function namedParameters(config: ModelConfig): Record<string, Values> {
  return Object.fromEntries(
    Object.entries(referenceParameters(config)).map(([name, shape]) => {
      const seed = [...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 65_537, 7);
      return [name, randomParameter(name, shape, generator(seed))];
    }),
  );
}

function randomParameter(name: string, shape: number[], random: () => number): Values {
  if (/norm(_kv)?\.weight$/.test(name)) return values(random, shape, 0.5, 1);
  if (/\.weight$/.test(name)) return values(random, shape, Math.sqrt(3 / product(shape.slice(1))));
  return values(random, shape, 0.5);
}

/** Everything a forward pass takes, for a batch. */
export interface Inputs {
  x: Values;
  gamma: Values;
  condition?: Values;
  /** clean frames, for a network that predicts from them */
  given?: Values;
  previous: { latents: Values; interface: Values; data: Values };
}

/** Random inputs; gamma in multiples of 1/256, so that gamma times 1000 is exact in float32 too. */
export function randomInputs(config: ModelConfig, batch: number, seed: number): Inputs {
  const random = generator(seed);
  const g = geometry(config);
  const sequence = config.conditionDim > 0;
  const condition = sequence
    ? values(random, [batch, g.conditionTokens, g.conditionChannels])
    : oneHot(random, batch, config.classes);
  return {
    x: values(random, [batch, config.channels, ...g.size]),
    gamma: { shape: [batch], data: Float64Array.from({ length: batch }, () => Math.ceil(random() * 256) / 256) },
    ...(g.conditionTokens > 0 && { condition }),
    ...(g.given && { given: values(random, [batch, config.channels, ...g.given.size]) }),
    previous: {
      latents: values(random, [batch, config.latents, config.latentDim]),
      interface: values(random, [batch, g.tokens, config.interfaceDim]),
      data: values(random, [batch, config.channels, ...g.size]),
    },
  };
}

function oneHot(random: () => number, batch: number, classes: number): Values {
  const data = new Float64Array(batch * classes);
  if (classes > 0) for (let b = 0; b < batch; b++) data[b * classes + Math.floor(random() * classes)] = 1;
  return { shape: [batch, classes], data };
}
