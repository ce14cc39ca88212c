import { cat, type Tensor, zeros } from '@rin/torch';
import type { Output, Previous } from '../model/pass.js';
import { changeState } from '../model/previous.js';
import type { RIN } from '../model/rin.js';

/**
 * One pass with classifier-free guidance (Ho & Salimans 2022, eq. 6), on the raw output:
 *
 *     output = (1 + w)·labelled − w·unlabelled
 *
 * Both passes start from the same previous state. The latents and interface of the labelled pass are carried on, and the x̂₀ of
 * this output (reference: the authors' sampler).
 * @param x          [B, C, ...size]
 * @param gamma      γ of each sample
 * @param condition  [B, classes] or [B, s, d_c]; null = without guidance
 * @param given      given frames [B, C, F, H, W], for both passes; absent = none
 * @param weight     w ≥ 0; 0 = the labelled pass alone
 */
export function guided(
  rin: RIN,
  x: Tensor,
  gamma: readonly number[],
  {
    condition,
    given,
    previous,
    weight,
  }: { condition: Tensor | null; given?: Tensor; previous: Previous; weight: number },
): Output {
  if (weight === 0 || !condition)
    return rin.forward(x, gamma, { ...(condition && { condition }), ...(given && { given }), previous });
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
  });
  const [labelled, unlabelled] = prediction.split(batch);
  return {
    prediction: labelled.mul(1 + weight).sub(unlabelled.mul(weight)),
    latents: latents.narrow(0, 0, batch),
    interface: tokens.narrow(0, 0, batch),
  };
}
