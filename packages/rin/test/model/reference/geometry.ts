import type { ModelConfig } from '../../../src/config/model.js';
import { product } from './values.js';

/** The sizes that follow from a configuration, in the symbols of the paper (section 2). */
export interface Geometry {
  /** [L], [H, W] or [T, H, W] in pixels, of what is noised and predicted. */
  size: number[];
  /** Sides of a patch, one for each axis of `size`. */
  patch: number[];
  /** Patches along each axis. */
  grid: number[];
  /** Interface tokens n. */
  tokens: number;
  /** The clean frames that a clip is predicted from, cut like a clip of their own; null = none. */
  given: { size: number[]; grid: number[]; tokens: number } | null;
  /** P · c: numbers in a patch. */
  patchLength: number;
  /** Channels that the stem reads: c, or 2 c where the previous estimate of the data is joined to the input. */
  inputChannels: number;
  /** Condition tokens: 1 for a class, s for a sequence, 0 for none. */
  conditionTokens: number;
  /** Channels of a condition as given: the classes of a one-hot vector, or those of a sequence; 0 = none. */
  conditionChannels: number;
  /** Channels of the time token and of a condition token: as where it sits. */
  timeDim: number;
  conditionDim: number;
  /** Latent slots that are learned: m less the tokens that sit on the latents. */
  learnedLatents: number;
  /** Whether the interface has tokens that are read but not written. */
  readOnlyTokens: boolean;
  /** Width of the attention between latents and interface: min(d, d'). */
  readWriteWidth: number;
}

export function geometry(config: ModelConfig): Geometry {
  const whole = typeof config.size === 'number' ? [config.size, config.size] : config.size;
  const { patch: side } = config;
  const patch = typeof side === 'number' ? whole.map((_, axis) => (whole.length === 3 && axis === 0 ? 1 : side)) : side;
  const group = (frames: number) => {
    const size = [frames, ...whole.slice(1)];
    const grid = size.map((length, axis) => Math.ceil(length / patch[axis])); // only frames can leave a rest
    return { size, grid, tokens: product(grid) };
  };
  const { givenFrames } = config;
  const { size, grid, tokens } = group(whole[0] - givenFrames);
  const sequence = config.conditionDim > 0;
  const conditionTokens = sequence ? config.conditionTokens : config.classes > 0 ? 1 : 0;
  const tokensOnLatents =
    (config.timeOn === 'latents' ? 1 : 0) + (config.conditionOn === 'latents' ? conditionTokens : 0);
  return {
    size,
    patch,
    grid,
    tokens,
    given: givenFrames > 0 ? group(givenFrames) : null,
    patchLength: product(patch) * config.channels,
    inputChannels: config.channels * (config.selfConditioning.includes('data') ? 2 : 1),
    conditionTokens,
    conditionChannels: sequence ? config.conditionDim : config.classes,
    timeDim: config.timeOn === 'latents' ? config.latentDim : config.interfaceDim,
    conditionDim: config.conditionOn === 'latents' ? config.latentDim : config.interfaceDim,
    learnedLatents: config.latents - tokensOnLatents,
    readOnlyTokens: config.timeOn === 'interface' || (config.conditionOn === 'interface' && conditionTokens > 0),
    readWriteWidth: Math.min(config.interfaceDim, config.latentDim),
  };
}
