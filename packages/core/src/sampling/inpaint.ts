import type { PlanStep } from './plan.js';
import type { Combination, Evaluated, Quantity, Sampler, SamplerOptions, Sampling, Term } from './sampler.js';
import { start } from './sampler.js';

/** How well the drawn pixels are fitted to the known ones. */
export interface Resampling {
  /** how often each stretch of steps is denoised, from 1 to 1,000; 1 = no resampling */
  readonly resample: number;
  /** steps of a stretch, at least 1 */
  readonly jump: number;
}

/**
 * Draws the unknown pixels of a picture with any sampler (RePaint: Lugmayr et al. 2022, algorithm 1). In every evaluation the
 * known pixels of x are replaced by those of the picture, noised to the level of the evaluation: √γ·known + √(1 − γ)·ε. The
 * noise ε is another one in each step and each repetition. In the result the known pixels are those of the picture.
 *
 * Resampling: the plan is cut into stretches of `jump` steps. After a stretch, x is noised forward to the level γ of its start,
 * x ← √(γ/γ')·x + √(1 − γ/γ')·ε, and the sampler begins anew from there, until the stretch was denoised `resample` times. So
 * the drawn pixels see the known ones again. The evaluations are `resample` times as many.
 *
 * @param sampler  it may name its start only in its first request
 */
export function* inpaint(
  sampler: Sampler,
  steps: readonly PlanStep[],
  options: SamplerOptions,
  { resample, jump }: Resampling,
): Sampling {
  let [first, end, repetition] = [0, Math.min(jump, steps.length), 0]; // the stretch, and how often it was repeated
  let running = new Running(sampler(steps, options), { first, repetition, from: start });
  for (;;) {
    const { at, x } = running;
    if ((at?.step ?? steps.length) >= end) {
      if (repetition + 1 < resample) {
        const ratio = steps[first].gamma / (at?.gamma ?? steps[steps.length - 1].gammaNext);
        const noise: Quantity = { of: 'jumpNoise', step: first, repetition };
        const from: Combination = [...scaled(x, Math.sqrt(ratio)), [Math.sqrt(Math.max(1 - ratio, 0)), noise]];
        repetition++;
        running = new Running(sampler(steps.slice(first), options), { first, repetition, from });
        continue;
      }
      if (at) [first, end, repetition] = [end, Math.min(end + jump, steps.length), 0];
    }
    if (!at) return mixed(x, [[1, { of: 'known' }]]);
    const { step, gamma, oneMinusGamma } = at;
    const noised: Combination = [
      [Math.sqrt(gamma), { of: 'known' }],
      [Math.sqrt(oneMinusGamma), { of: 'knownNoise', step, repetition }],
    ];
    running.advance(yield { ...at, repetition, x: mixed(x, noised) }, repetition);
  }
}

/** Where a sampler began: at which step of the whole plan, in which repetition, and from which x. */
interface Place {
  readonly first: number;
  readonly repetition: number;
  readonly from: Combination;
}

/** A sampler over the rest of a plan. It gives its requests in the quantities and steps of the whole plan. */
class Running {
  readonly #sampling: Sampling;
  readonly #place: Place;
  /** x of its next evaluation, or the picture if there is none */
  x: Combination = start;
  /** step and level of its next evaluation; undefined = it is finished */
  at: { readonly step: number; readonly gamma: number; readonly oneMinusGamma: number } | undefined;

  constructor(sampling: Sampling, place: Place) {
    this.#sampling = sampling;
    this.#place = place;
    this.#take(sampling.next(), place.repetition);
  }

  /** @param repetition  of the step that was evaluated; noise for this step belongs to it */
  advance(found: Evaluated, repetition: number): void {
    this.#take(this.#sampling.next(found), repetition);
  }

  #take({ done, value }: ReturnType<Sampling['next']>, repetition: number): void {
    const { first, from } = this.#place;
    const own = ([factor, quantity]: Term): Combination => {
      if (quantity.of === 'start') return scaled(from, factor);
      return [[factor, 'step' in quantity ? { ...quantity, step: first + quantity.step, repetition } : quantity]];
    };
    const [term, ...terms] = done ? value : value.x;
    this.x = [...own(term), ...terms.flatMap(own)];
    this.at = done ? undefined : { ...value, step: first + value.step };
  }
}

const scaled = ([term, ...terms]: Combination, by: number): Combination => {
  const times = ([factor, quantity]: Term): Term => [by === 1 ? factor : by * factor, quantity];
  return [times(term), ...terms.map(times)];
};

const mixed = (drawn: Combination, known: Combination): Combination => [[1, { of: 'mixed', drawn, known }]];
