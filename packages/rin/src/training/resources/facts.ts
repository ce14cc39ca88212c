import type { Config } from '../../config/config.js';
import { passFlops } from '../../model/flops.js';
import { RIN } from '../../model/rin.js';
import { passesOfImage } from '../passes.js';
import { type Tokens, tokensOf } from './tokens.js';

/** The size of a network and the work that it takes. */
export interface NetworkFacts extends Tokens {
  /** number of weights: single numbers, not tensors */
  readonly parameters: number;
  /** floating-point operations of a forward pass of one picture */
  readonly passFlops: number;
  /** the same for an image of training: first pass of self-conditioning, forward pass, and backward pass as two */
  readonly imageFlops: number;
}

/** Counts parameters, tokens and operations. It traces a pass of one blank sample, and allocates the weights for that. */
export function networkFacts(config: Config): NetworkFacts {
  const parameters = Object.values(new RIN(config.model, { seed: null }).parameters());
  const number = parameters.reduce((sum, { size }) => sum + size, 0);
  for (const tensor of parameters) tensor.dispose();
  const flops = passFlops(config.model);
  return { parameters: number, ...tokensOf(config), passFlops: flops, imageFlops: passesOfImage(config) * flops };
}

/** A sentence about the work. */
export const workLine = ({ passFlops: pass, imageFlops }: NetworkFacts): string =>
  `work: ${flops(pass)} for a forward pass of one picture, ${flops(imageFlops)} for an image of training`;

/** `1.20 GFLOP` */
function flops(number: number): string {
  const units = ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP', 'PFLOP'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, number)) / 3));
  return `${(number / 1000 ** power).toPrecision(3)} ${units[power]}`;
}
