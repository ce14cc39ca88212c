import { estimateOf, type GuidanceOptions, guidanceAt } from '@rin/core';
import type { Tensor } from '@rin/torch';
import type { DiffusionConfig, SamplingConfig } from '../config/diffusion.js';
import type { Output, Previous } from '../model/pass.js';
import type { RIN } from '../model/rin.js';
import { guided, type PassAttention } from './guidance.js';
import { type LatentConfig, latentsAt } from './latentSchedule.js';
import { type Levels, levels, networkInput } from './process.js';

/** The network and everything else that stays the same over a sampling. */
export interface Evaluator {
  readonly rin: RIN;
  readonly diffusion: DiffusionConfig;
  readonly sampling: GuidanceOptions & LatentConfig & Pick<SamplingConfig, 'clip'>;
  /** [B, classes] one-hot, or [B, s, d_c] sequences, or null */
  readonly condition: Tensor | null;
  /** given frames [B, C, F, H, W] in [−b, b]; absent = none */
  readonly given?: Tensor;
  /** mean square of the data in [−1, 1] */
  readonly meanSquare: number;
  /** is called for each read and write of each pass; absent = nobody looks */
  readonly onAttention?: (attention: EvaluatedAttention) => void;
}

/** The attention weights of an evaluation. */
export interface EvaluatedAttention extends PassAttention {
  /** step of the plan, from 0 */
  readonly step: number;
  /** signal level γ of x, in [0, 1] */
  readonly gamma: number;
}

/** The result of an evaluation. */
export interface EvaluatedTensors {
  /** the estimate x̂₀ of the data, [B, C, ...size], in [−b, b] if `clip` is set */
  readonly x0: Tensor;
  readonly at: Levels;
  readonly output: Output;
}

/**
 * Computes the network's estimate x̂₀ from x at a signal level. It applies input scaling, guidance, the prediction type and the
 * clip.
 * @param x         [B, C, ...size]
 * @param level     step of the plan, γ in [0, 1] and 1 − γ, the same for all samples
 * @param previous  the state from which the pass starts
 */
export function evaluate(
  { rin, diffusion, sampling, condition, given, meanSquare, onAttention }: Evaluator,
  x: Tensor,
  level: { readonly step: number; readonly gamma: number; readonly oneMinusGamma: number },
  previous: Previous,
): EvaluatedTensors {
  const [batch] = x.shape;
  const all = (value: number): number[] => new Array<number>(batch).fill(value);
  const { axes } = rin.sample;
  const { inputScale } = diffusion;
  const facts = { inputScale, axes, meanSquare, device: rin.device };
  const at = levels(all(level.gamma), all(level.oneMinusGamma), facts);
  const latents = latentsAt(sampling, level.step, rin.latentCount);
  const { step, gamma } = level;
  const seen = onAttention && {
    onAttention: (found: PassAttention) => onAttention({ ...found, step, gamma }),
  };
  const inputs = {
    ...{ condition, ...(given && { given }), previous, weight: guidanceAt(sampling, gamma), latents },
    ...seen,
  };
  const output = guided(rin, networkInput(x, diffusion, at), at.gamma, inputs);
  const clip = sampling.clip ? inputScale : undefined;
  return { x0: estimateOf(output.prediction, x, diffusion.prediction, at, clip), at, output };
}
