import { purposes, RinError, type SamplerStep, samplerSteps } from '@rin/core';
import { empty, noGrad, philoxNormal, scope, type Tensor, zeros } from '@rin/torch';
import type { DiffusionConfig, SamplingConfig } from '../config/diffusion.js';
import type { Previous, RIN } from '../model/rin.js';
import { guided } from './guidance.js';
import { epsOf, estimate, levels, networkInput } from './process.js';

/** After each step: how far, at which level, the x it goes on with and the estimate x̂₀; tensors live during the call. */
export interface SamplerProgress {
  readonly step: number;
  readonly steps: number;
  readonly gamma: number;
  readonly x: Tensor;
  readonly estimate: Tensor;
}

export interface SamplerInput {
  /** One picture each; every draw of a picture is a function of its seed alone. */
  readonly seeds: readonly number[];
  /** [B, classes] one-hot, or null */
  readonly condition: Tensor | null;
  readonly meanSquare: number;
  readonly onStep?: (progress: SamplerProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Denoises from pure noise (paper, section 3): DDIM or DDPM, the latents carried from step to step.
 * Yields to the event loop after every step, so that signals get in.
 * @returns the last x̂₀ [B, C, ...size], in [−b, b] where clipped; the caller disposes it
 * @throws RinError where an output of the network was not finite
 */
export async function denoise(
  rin: RIN,
  diffusion: DiffusionConfig,
  sampling: SamplingConfig,
  input: SamplerInput,
): Promise<Tensor> {
  const { shape, axes } = rin.sample;
  const device = rin.device;
  const batch = input.seeds.length;
  const normals = (purpose: 'sampleStart' | 'sampleStep', step: number): Tensor =>
    philoxNormal(empty([batch, ...shape], { device }), {
      seed: 0,
      samples: input.seeds,
      step,
      purpose: purposes[purpose],
    });
  const steps = samplerSteps(sampling);
  // of each step's output; looked at after the last one, since every look waits for the device
  using largest = zeros([steps.length], { device });
  // A network that was never trained with an estimate has not learned what to make of one.
  const carried = diffusion.selfConditioningRate > 0 ? rin.carried : [];
  const advance = ({ x, previous }: State, step: SamplerStep, i: number): State => {
    const at = levels(new Array<number>(batch).fill(step.gamma), new Array<number>(batch).fill(step.oneMinusGamma), {
      inputScale: diffusion.inputScale,
      axes,
      meanSquare: input.meanSquare,
      device,
    });
    const output = guided(rin, networkInput(x, diffusion, at), at.gamma, {
      condition: input.condition,
      previous,
      weight: sampling.guidance,
    });
    largest.select(0, i).copy_(output.prediction.abs().amax());
    const clip = sampling.clip ? diffusion.inputScale : undefined;
    const { x: x0 } = estimate(output.prediction, x, diffusion.prediction, at, clip);
    let next = x0;
    if (i < steps.length - 1) {
      next = x0.mul(step.x0);
      if (step.x !== 0) next = next.add(x, { alpha: step.x });
      if (step.eps !== 0) next = next.add(epsOf(x, x0, at), { alpha: step.eps });
      if (step.noise !== 0) next = next.add(normals('sampleStep', i), { alpha: step.noise });
    }
    input.onStep?.({ step: i + 1, steps: steps.length, gamma: step.gamma, x: next, estimate: x0 });
    return { x: next, previous: carryOn(carried, previous, output, sampling.momentum) };
  };

  let state: State = { x: normals('sampleStart', 0), previous: {} };
  try {
    for (const [i, step] of steps.entries()) {
      input.signal?.throwIfAborted();
      const before = state;
      state = scope(() => noGrad(() => advance(before, step, i)));
      free(before);
      await new Promise((resolve) => setImmediate(resolve));
    }
    checkFinite(largest, steps);
  } catch (error) {
    free(state);
    throw error;
  }
  free({ previous: state.previous });
  return state.x;
}

/** Clipping makes a picture of anything, black where there is no number. */
function checkFinite(largest: Tensor, steps: readonly SamplerStep[]): void {
  const wrong = Array.from(largest.toTypedArray(), Number).findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  throw new RinError(
    `sampling: the network's output is infinite or NaN at step ${wrong + 1} of ${steps.length} (γ = ${steps[wrong].gamma}): ` +
      'its weights come from a training that diverged; take an earlier checkpoint or another model',
  );
}

/** Where a sampler stands between two steps. */
interface State {
  readonly x: Tensor;
  readonly previous: Previous;
}

function free({ x, previous }: Partial<State>): void {
  for (const tensor of [x, previous?.latents, previous?.interface]) tensor?.dispose();
}

/** What the next step starts from: the new state, or (momentum μ) μ·old + (1 − μ)·new. */
function carryOn(
  carried: readonly (keyof Previous)[],
  before: Previous,
  output: Required<Previous>,
  momentum: number,
): Previous {
  const mixed = (part: keyof Previous): Tensor => {
    if (momentum === 0) return output[part];
    const scaled = output[part].float().mul(1 - momentum);
    const old = before[part];
    return old ? scaled.add(old, { alpha: momentum }) : scaled;
  };
  return Object.fromEntries(carried.map((part) => [part, mixed(part)]));
}
