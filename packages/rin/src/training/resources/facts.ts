import type { Config } from '../../config/config.js';
import { nounOf } from '../../media/formats.js';
import { passFlops, totalOf } from '../../model/flops.js';
import { parametersByPart } from '../../model/parts.js';
import { trainingFlops } from '../passes.js';
import { flops } from './flopsText.js';
import { type Tokens, tokensOf } from './tokens.js';

/** The size of a network and the work that it takes. */
export interface NetworkFacts extends Tokens {
  /** number of weights: single numbers, not tensors */
  readonly parameters: number;
  /** the word for a sample */
  readonly noun: string;
  /** floating-point operations of a forward pass of one sample */
  readonly passFlops: number;
  /** the same for an image of training: first pass of self-conditioning, forward pass, backward pass as two, and recomputation */
  readonly imageFlops: number;
}

/** Counts parameters, tokens and operations. It allocates the weights for that, without values. */
export function networkFacts(config: Config): NetworkFacts {
  const parts = Object.values(trainingFlops(config));
  return {
    parameters: totalOf(parametersByPart(config.model)),
    ...tokensOf(config),
    noun: nounOf(config.model),
    passFlops: totalOf(passFlops(config.model).pass),
    imageFlops: parts.reduce((sum, each) => sum + each, 0),
  };
}

/** A sentence about the work. */
export const workLine = ({ passFlops: pass, imageFlops, noun }: NetworkFacts): string =>
  `work: ${flops(pass)} for a forward pass of one ${noun}, ${flops(imageFlops)} for a ${noun} of training`;
