import { guide } from '@rin/core';
import { cat, type Tensor, zeros } from '@rin/torch';
import type { Output, Previous } from '../model/pass.js';
import { changeState } from '../model/previous.js';
import type { RIN } from '../model/rin.js';
import type { StepLatents } from './latentSchedule.js';

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
}

/**
 * One pass with classifier-free guidance (Ho & Salimans 2022, eq. 6), on the raw output:
 *
 *     output = (1 + w)·labelled − w·unlabelled
 *
 * Both passes start from the same previous state. The latents and interface of the labelled pass are carried on, and the x̂₀ of
 * this output (reference: the authors' sampler). Passes with equal numbers of latents are one pass of twice the batch. With
 * fewer latents, the unlabelled pass starts from a part of the previous ones.
 * @param x      [B, C, ...size]
 * @param gamma  γ of each sample
 */
export function guided(
  rin: RIN,
  x: Tensor,
  gamma: readonly number[],
  { condition, given, previous, weight, latents: { labelled: count, unlabelled: fewer } }: GuidedInputs,
): Output {
  const alone = (latents: number, label: Tensor | null): Output =>
    rin.forward(x, gamma, { ...(label && { condition: label }), ...(given && { given }), previous, latents });
  if (weight === 0 || !condition) return alone(count, condition);
  if (fewer !== count) {
    const labelled = alone(count, condition);
    return { ...labelled, prediction: guide(labelled.prediction, alone(fewer, null).prediction, weight) };
  }
  const batch = x.shape[0];
  const twice = (part: Tensor): Tensor => cat([part, part]);
  const {
    prediction,
    latents,
    interface: tokens,
  } = rin.forward(twice(x), [...gamma, ...gamma], {
    condition: cat([condition, zeros(condition.shape, { device: condition.device })]),
    ...(given && { given: twice(given) }),
    previous: changeState(previous, twice),
    latents: count,
  });
  const [labelled, unlabelled] = prediction.split(batch);
  return {
    prediction: guide(labelled, unlabelled, weight),
    latents: latents.narrow(0, 0, batch),
    interface: tokens.narrow(0, 0, batch),
  };
}
