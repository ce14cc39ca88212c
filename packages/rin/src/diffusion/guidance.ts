import { guide } from '@rin/core';
import { cat, scope, type Tensor, zeros } from '@rin/torch';
import type { AttentionWeights } from '../model/attentionWeights.js';
import type { Output, Previous } from '../model/pass.js';
import type { RIN } from '../model/rin.js';
import type { StepLatents } from './latentSchedule.js';

/** The attention weights of one of the two passes of guidance, or of a pass without guidance; B counts its samples alone. */
export interface PassAttention extends AttentionWeights {
  /** whether this is the unlabelled pass of guidance */
  readonly isUnlabelled: boolean;
}

/** What a pass takes besides x and γ. */
export interface GuidedInputs {
  /** [B, classes] or [B, s, d_c]; null = without guidance */
  readonly condition: Tensor | null;
  /** given frames [B, C, F, H, W], for both passes; absent = none */
  readonly given?: Tensor;
  readonly previous: Previous;
  /** w ≥ 0; 0 = the labelled pass alone */
  readonly weight: number;
  readonly latents: StepLatents;
  /** is called for each read and write of each pass; absent = nobody looks */
  readonly onAttention?: (attention: PassAttention) => void;
}

/**
 * One pass with classifier-free guidance (Ho & Salimans 2022, eq. 6), on the raw output:
 *
 *     output = (1 + w)·labelled − w·unlabelled
 *
 * Both passes start from the same previous state. The latents and interface of the labelled pass are carried on, and the x̂₀ of
 * this output (reference: the authors' sampler). Passes with equal numbers of latents are one pass with two conditions for each
 * sample. With fewer latents, the unlabelled pass starts from a part of the previous ones.
 * @param x      [B, C, ...size]
 * @param gamma  γ of each sample
 */
export function guided(
  rin: RIN,
  x: Tensor,
  gamma: readonly number[],
  { condition, given, previous, weight, latents: { labelled: count, unlabelled: fewer }, onAttention }: GuidedInputs,
): Output {
  const seen = (isUnlabelled: boolean) =>
    onAttention && { onAttention: (found: AttentionWeights) => onAttention({ ...found, isUnlabelled }) };
  const alone = (latents: number, label: Tensor | null, isUnlabelled = false): Output =>
    rin.forward(x, gamma, {
      ...{ ...(label && { condition: label }), ...(given && { given }), previous, latents },
      ...seen(isUnlabelled),
    });
  if (weight === 0 || !condition) return alone(count, condition);
  if (fewer !== count) {
    const labelled = alone(count, condition);
    return { ...labelled, prediction: guide(labelled.prediction, alone(fewer, null, true).prediction, weight) };
  }
  const batch = x.shape[0];
  const {
    prediction,
    latents,
    interface: tokens,
  } = rin.forward(x, gamma, {
    condition: cat([condition, zeros(condition.shape, { device: condition.device })]),
    ...{ ...(given && { given }), previous, latents: count },
    ...(onAttention && { onAttention: (found: AttentionWeights) => halves(found, batch).forEach(onAttention) }),
  });
  const [labelled, unlabelled] = prediction.split(batch);
  return {
    prediction: guide(labelled, unlabelled, weight),
    latents: latents.narrow(0, 0, batch),
    interface: tokens.narrow(0, 0, batch),
  };
}

/** The weights of a pass with two conditions as those of the labelled and of the unlabelled samples. */
function halves({ weights, used, ...others }: AttentionWeights, batch: number): PassAttention[] {
  return [false, true].map((isUnlabelled) => {
    const first = isUnlabelled ? batch : 0;
    return {
      ...{ ...others, isUnlabelled, used: used?.narrow(0, first, batch) ?? null },
      weights: () => scope(() => weights().narrow(0, first, batch)),
    };
  });
}
