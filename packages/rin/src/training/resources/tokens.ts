import { count, geometry } from '@rin/core';
import type { Config } from '../../config/config.js';

/** The tokens of a network, each with its width. */
export interface Tokens {
  /** interface tokens n, and their width d */
  readonly interface: readonly [tokens: number, width: number];
  /** latents m, with time and condition tokens, and their width d' */
  readonly latents: readonly [tokens: number, width: number];
}

/** The tokens of a network. It needs no libtorch. */
export const tokensOf = ({ model }: Config): Tokens => ({
  interface: [geometry(model).tokens, model.interfaceDim],
  latents: [model.latents, model.latentDim],
});

/** `interface 64 × 128, latents 24 × 128 (tokens × width)` */
export const tokensText = ({ interface: tokens, latents }: Tokens): string =>
  `interface ${tokens.map(count).join(' × ')}, latents ${latents.map(count).join(' × ')} (tokens × width)`;
