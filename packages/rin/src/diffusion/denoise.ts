import {
  carry,
  evaluationsOf,
  inpaint,
  plan,
  type Request,
  type Resampling,
  requests,
  type Sampling,
  samplers,
} from '@rin/core';
import { noGrad, scope, type Tensor } from '@rin/torch';
import type { DiffusionConfig, SamplingConfig } from '../config/diffusion.js';
import type { Previous } from '../model/pass.js';
import { stateTensors } from '../model/previous.js';
import type { RIN } from '../model/rin.js';
import { type EvaluatedAttention, type Evaluator, evaluate } from './evaluate.js';
import { FiniteCheck } from './finiteCheck.js';
import type { KnownTensors } from './known.js';
import { keptTensors, type Quantities, quantitiesOf } from './quantities.js';

/** The progress of sampling after a step. The tensors are valid only during the call. */
export interface DenoiseProgress {
  /** step of the plan, from 1; steps are repeated when known pixels are resampled */
  readonly step: number;
  readonly steps: number;
  /** share of all evaluations of the network that are made, in (0, 1] */
  readonly share: number;
  /** signal level of x */
  readonly gamma: number;
  /** the x of the newest evaluation, and the estimate x̂₀ from it; [B, C, ...size] */
  readonly x: Tensor;
  readonly x0: Tensor;
}

/** The pictures to sample. */
export interface DenoiseInput {
  /** one for each picture; all noise of a picture depends only on its seed */
  readonly seeds: readonly number[];
  /** [B, classes] one-hot, or [B, s, d_c] sequences, or null */
  readonly condition: Tensor | null;
  /** given frames [B, C, F, H, W] in [−b, b]; absent = none */
  readonly given?: Tensor;
  /** number of the section of a longer clip, from 0; each section has its own noise. Default: 0 */
  readonly section?: number;
  /** mean square of the data in [−1, 1] */
  readonly meanSquare: number;
  /** known pixels; the others are drawn */
  readonly known?: KnownTensors & { readonly resampling: Resampling };
  readonly onStep?: (progress: DenoiseProgress) => void;
  /** is called for each read and write of each evaluation, before its `onStep`; absent = nobody looks */
  readonly onAttention?: (attention: EvaluatedAttention) => void;
  readonly signal?: AbortSignal;
}

/**
 * Samples from pure noise (paper, section 3). The sampler asks for evaluations of the network at some x. The state of the network
 * is carried from one evaluation to the next. After each one the event loop runs, so that the process can handle signals.
 * @returns the pictures [B, C, ...size] without given frames, in [−b, b] if they are clipped. The caller must dispose them
 * @throws RinError if an output of the network is not finite
 * @throws the reason of `signal`, if it is aborted
 */
export async function denoise(
  rin: RIN,
  diffusion: DiffusionConfig,
  sampling: SamplingConfig,
  { seeds, condition, given, section = 0, meanSquare, known, onStep, onAttention, signal }: DenoiseInput,
): Promise<Tensor> {
  const steps = plan(sampling);
  const chosen = samplers[sampling.sampler];
  const begin = (): Sampling => (known ? inpaint(chosen, steps, sampling, known.resampling) : chosen(steps, sampling));
  const quantities = quantitiesOf(seeds, rin.sample.predicted, rin.device, { section, known });
  using outputs = new FiniteCheck(rin, steps.length);
  const counts = { steps: steps.length, evaluations: evaluationsOf(begin()).length };
  const run = {
    rin,
    diffusion,
    sampling,
    condition,
    given,
    meanSquare,
    ...counts,
    quantities,
    outputs,
    onStep,
    onAttention,
  };
  let state: State = { previous: {}, settled: {}, kept: [] };
  try {
    const wanted = requests(begin());
    let request = wanted.next();
    for (; !request.done; request = wanted.next()) {
      signal?.throwIfAborted();
      const { value } = request;
      const next = scope(() => noGrad(() => advance(run, state, value)));
      free(state, next);
      state = next;
      await new Promise((resolve) => setImmediate(resolve));
    }
    outputs.check();
    const { value } = request;
    const picture = scope(() => noGrad(() => quantities.combine(value)));
    free(state, { previous: {}, settled: {}, kept: [picture] });
    return picture;
  } catch (error) {
    free(state);
    throw error;
  }
}

/** Everything that stays the same over a sampling. */
interface Run extends Evaluator, Pick<DenoiseInput, 'onStep'> {
  readonly sampling: SamplingConfig;
  readonly steps: number;
  readonly evaluations: number;
  readonly quantities: Quantities;
  readonly outputs: FiniteCheck;
}

/** One evaluation of the network. */
function advance(run: Run, { previous, settled }: State, { number, evaluation, isStepDone }: Request): State {
  const { rin, diffusion, sampling, quantities, outputs, onStep, steps, evaluations } = run;
  const { step, gamma } = evaluation;
  const x = quantities.combine(evaluation.x);
  const { x0, at, output } = evaluate(run, x, evaluation, previous);
  outputs.note(output.prediction, step, gamma);
  if (isStepDone) onStep?.({ step: step + 1, steps, share: (number + 1) / evaluations, gamma, x, x0 });
  // A network that was trained only from zeros must start from zeros.
  const carried = diffusion.selfConditioningRate > 0 ? rin.carried : [];
  // The network was trained on limited estimates, so it gets limited ones here too, even if the sampler uses them as they are.
  const isLimited = sampling.clip || !carried.includes('data');
  const latest = { ...output, data: isLimited ? x0 : x0.clamp(-diffusion.inputScale, diffusion.inputScale) };
  const kept = keptTensors(quantities.keep({ number, x, x0, at }));
  const next = carryOn(rin, carried, settled, latest, sampling.momentum);
  return { previous: next, settled: isStepDone ? next : settled, kept };
}

/** The tensors that live between two evaluations. */
interface State {
  /** from which the next evaluation starts */
  readonly previous: Previous;
  /** `previous` as the last finished step left it; momentum needs it */
  readonly settled: Previous;
  /** results that the sampler may still use */
  readonly kept: readonly Tensor[];
}

/** Disposes the tensors of a state, except those that the next state uses too. */
function free(state: State, next?: State): void {
  const needed = new Set(next && tensorsOf(next));
  for (const tensor of tensorsOf(state)) if (!needed.has(tensor)) tensor.dispose();
}

const tensorsOf = ({ previous, settled, kept }: State): Tensor[] => [
  ...new Set([...kept, ...stateTensors(previous), ...stateTensors(settled)]),
];

/**
 * The next previous state, with momentum (`carry`). The first old state is zero. The old one is that of the step before. So momentum acts once in a step: of Heun's two evaluations the newest counts. Old
 * latents that are missing, because the step before had fewer, are zero too.
 */
function carryOn(
  rin: RIN,
  carried: readonly (keyof Previous)[],
  before: Previous,
  latest: Required<Previous>,
  momentum: number,
): Previous {
  const mixed = (part: keyof Previous): Tensor => {
    if (momentum === 0) return latest[part];
    const found = before[part];
    const old = found && (part === 'latents' ? rin.fitLatents(found, latest.latents.shape[1]) : found);
    return carry(latest[part].float(), old, momentum);
  };
  return Object.fromEntries(carried.map((part) => [part, mixed(part)]));
}
