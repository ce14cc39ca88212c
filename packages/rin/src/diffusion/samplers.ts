import { empty, noGrad, philoxNormal, scope, type Tensor } from '@rin/torch';
import type { DiffusionConfig, SamplingConfig } from '../core/config/diffusion.js';
import { purposes } from '../core/random.js';
import { samplerSteps } from '../core/samplerCoefficients.js';
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

  let state: { x: Tensor; previous: Previous } = { x: normals('sampleStart', 0), previous: {} };
  for (const [i, step] of steps.entries()) {
    input.signal?.throwIfAborted();
    const before = state;
    state = scope(() =>
      noGrad(() => {
        const { x, previous } = before;
        const at = levels(
          new Array<number>(batch).fill(step.gamma),
          new Array<number>(batch).fill(step.oneMinusGamma),
          {
            inputScale: diffusion.inputScale,
            axes,
            meanSquare: input.meanSquare,
            device,
          },
        );
        const output = guided(rin, networkInput(x, diffusion, at), at.gamma, {
          condition: input.condition,
          previous,
          weight: sampling.guidance,
        });
        const clip = sampling.clip ? diffusion.inputScale : undefined;
        const { x: x0 } = estimate(output.prediction, x, diffusion.prediction, at, clip);
        const last = i === steps.length - 1;
        let next = x0;
        if (!last) {
          next = x0.mul(step.x0);
          if (step.x !== 0) next = next.add(x, { alpha: step.x });
          if (step.eps !== 0) next = next.add(epsOf(x, x0, at), { alpha: step.eps });
          if (step.noise !== 0) next = next.add(normals('sampleStep', i), { alpha: step.noise });
        }
        input.onStep?.({ step: i + 1, steps: steps.length, gamma: step.gamma, x: next, estimate: x0 });
        return { x: next, previous: rin.selfConditioned ? carried(previous, output, sampling.momentum) : {} };
      }),
    );
    for (const tensor of [before.x, before.previous.latents, before.previous.interface]) tensor?.dispose();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const tensor of [state.previous.latents, state.previous.interface]) tensor?.dispose();
  return state.x;
}

/** What the next step starts from: the new state, or (momentum μ) μ·old + (1 − μ)·new. */
function carried(before: Previous, output: Required<Previous>, momentum: number): Previous {
  const mixed = (old: Tensor | undefined, now: Tensor): Tensor => {
    if (momentum === 0) return now;
    const scaled = now.float().mul(1 - momentum);
    return old ? scaled.add(old, { alpha: momentum }) : scaled;
  };
  return { latents: mixed(before.latents, output.latents), interface: mixed(before.interface, output.interface) };
}
