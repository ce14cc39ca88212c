import type { SamplingConfig } from '../config/diffusion.js';

/** The keys of the `sampling` section that set the numbers of latents. */
export type LatentConfig = Pick<SamplingConfig, 'steps' | 'latents' | 'guidanceLatents'>;

/** Latents of the two passes of a step, time and condition tokens included. */
export interface StepLatents {
  readonly labelled: number;
  /** of the unlabelled pass of guidance, at most those of the labelled pass */
  readonly unlabelled: number;
}

/**
 * The latents that compute in a step. A list cuts the steps into equal stretches, one for each number: with 12, 24, 48 the first
 * third of the steps has 12.
 * @param step  of the plan, from 0
 * @param all   latents of the network
 */
export function latentsAt({ steps, latents, guidanceLatents }: LatentConfig, step: number, all: number): StepLatents {
  const at = (numbers: number | readonly number[]): number =>
    typeof numbers === 'number' ? numbers : numbers[Math.floor((step * numbers.length) / steps)];
  const labelled = latents === undefined ? all : at(latents);
  const unlabelled = guidanceLatents === undefined ? labelled : Math.min(labelled, at(guidanceLatents));
  return { labelled, unlabelled };
}
