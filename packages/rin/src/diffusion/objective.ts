import { gamma, oneMinusGamma, permute, purposes, uniform } from '@rin/core';
import {
  empty,
  manualSeed,
  philoxNormal,
  type Recomputation,
  scope,
  type Tensor,
  tensor,
  unsafe,
  zeros,
} from '@rin/torch';
import type { DiffusionConfig } from '../config/diffusion.js';
import type { Batch } from '../data/loader.js';
import type { ForwardOptions, Previous } from '../model/pass.js';
import { changeState } from '../model/previous.js';
import type { RIN } from '../model/rin.js';
import { conditionOf } from './condition.js';
import { firstPass, type Noised, pick } from './firstPass.js';
import { splitFrames } from './givenFrames.js';
import { keptLatents } from './latentDrop.js';
import { addNoise, type Levels, levels, networkInput, readPrediction, toSignal, velocity } from './process.js';

/** The numbers that determine all draws of a micro-batch. */
export interface Draw {
  readonly seed: number;
  /** Position in the training stream of the micro-batch's first sample. */
  readonly position: number;
  /** Position of the micro-batch in its total batch, and the size of the total batch. */
  readonly offset: number;
  readonly total: number;
  /** Number of updates of the weights before this one. */
  readonly step: number;
  readonly dtype: 'float32' | 'bfloat16';
  /** Mean square of the data in [−1, 1], for `normalizeInput: expected`. */
  readonly meanSquare: number;
  /** Fewest latents of a sample (`fewestTrained`); each number up to all is equally likely. Default: all */
  readonly fewestLatents?: number;
  /** Switches dropout and drop-path on. Default: true */
  readonly training?: boolean;
}

// The two passes of a step draw dropout and label dropout independently (reference: the authors' training step).
const mainPass = 0;
const warmUpPass = 1;

/**
 * The training loss of a micro-batch (paper, section 3, latent self-conditioning). It adds noise to the samples. For some
 * samples a first pass from zeros, without gradient, gives the previous state. A second pass starts from there, and its
 * prediction is compared with the truth. Given frames (`model.givenFrames`) get no noise and no loss.
 * @param batch  uint8 samples [B, C, ...size] with their labels or condition sequences
 * @param draw   determines every random number
 * @param recompute  runs the blocks again in its `backward`, which replaces that of the loss
 * @returns the mean over the micro-batch, a float32 scalar with its graph
 */
export function trainingLoss(
  rin: RIN,
  config: DiffusionConfig,
  batch: Batch,
  draw: Draw,
  recompute?: Recomputation,
): Tensor {
  const { shape, predicted, givenFrames, axes, device } = { ...rin.sample, device: rin.device };
  const count = batch.labels.length;
  const positions = Array.from({ length: count }, (_, i) => draw.position + i);
  const times = positions.map((sample, i) => drawTime(config, draw, sample, draw.offset + i));
  const at = levels(
    times.map((t) => gamma(config.schedule, t)),
    times.map((t) => oneMinusGamma(config.schedule, t)),
    { inputScale: config.inputScale, axes, meanSquare: draw.meanSquare, device },
  );
  const samples = toSignal(tensor(batch.pixels, [count, ...shape], { device }), config.inputScale);
  const { given, predicted: x } = splitFrames(samples, givenFrames); //                             x [B, C, ...size]
  const eps = philoxNormal(empty([count, ...predicted], { device }), {
    seed: draw.seed,
    samples: positions,
    purpose: purposes.noise,
  });
  const xt = addNoise(x, eps, at);
  const input = networkInput(xt, config, at);
  const { latentCount } = rin;
  const { fewestLatents = latentCount } = draw;
  const latents =
    fewestLatents < latentCount
      ? positions.map((sample) => keptLatents(latentCount, fewestLatents, draw.seed, sample))
      : undefined;
  const options = (pass: number): ForwardOptions => {
    manualSeed(Math.floor(uniform(draw.seed, 'dropout', draw.position, pass) * 2 ** 32));
    const condition = conditionOf(rin, batch, (i) => isDropped(config, draw, i, pass));
    return {
      training: draw.training ?? true,
      dtype: draw.dtype,
      ...(condition && { condition }),
      ...(given && { given }),
      ...(recompute && { recompute }),
      ...(latents && { latents }), // in the estimate and in the pass alike
    };
  };

  // The scope frees the memory of the first pass before the second pass, which needs as much.
  const previous = scope(() => drawPrevious(rin, config, { input, xt, at }, draw, positions, options));
  const { prediction } = rin.forward(input, at.gamma, { ...options(mainPass), ...(previous && { previous }) });
  return loss(config, prediction, { x, eps, xt }, at);
}

/** t in (0, 1): independent, or stratified. Stratified: one t in each of `total` equal parts, in a random order for each step. */
function drawTime(config: DiffusionConfig, { seed, total, step }: Draw, sample: number, place: number): number {
  const u = uniform(seed, 'time', sample, 0);
  if (config.timeSampling === 'uniform') return u;
  return (permute(place, total, seed, step, 'strata') + u) / total;
}

/** Whether sample i of the micro-batch is trained without its class or its condition sequence. */
const isDropped = (config: DiffusionConfig, { seed, position }: Draw, i: number, pass: number): boolean =>
  uniform(seed, 'labelDropout', position + i, pass) < config.labelDropout;

/** The previous states of the samples: from a first pass for chosen samples, zeros for the others. Null if none is chosen. */
function drawPrevious(
  rin: RIN,
  config: DiffusionConfig,
  noised: Noised,
  draw: Draw,
  positions: readonly number[],
  options: (pass: number) => ForwardOptions,
): Previous | null {
  const { selfConditioningRate: rate, selfConditioningBy } = config;
  if (rin.carried.length === 0 || rate === 0) return null;
  const kept = positions.flatMap((sample, i) => {
    const keeps =
      selfConditioningBy === 'mask'
        ? uniform(draw.seed, 'selfConditioning', sample, 0) < rate
        : draw.offset + i < Math.floor(rate * draw.total + 1e-9);
    return keeps ? [i] : [];
  });
  if (kept.length === 0) return null;
  const inputs = options(warmUpPass);
  if (kept.length === positions.length) return firstPass(rin, config, noised, inputs);

  const index = tensor(BigInt64Array.from(kept, BigInt), [kept.length], { device: noised.input.device });
  const [condition, given] = [inputs.condition, inputs.given].map((part) => part?.indexSelect(0, index));
  const { latents: all } = inputs;
  const latents = typeof all === 'object' ? kept.map((i) => all[i]) : undefined;
  const chosen = {
    ...{ ...inputs, ...(condition && { condition }), ...(given && { given }) },
    ...(latents && { latents }),
  };
  const found = firstPass(rin, config, pick(noised, kept, index), chosen);
  const spread = (part: Tensor): Tensor => {
    const blank = zeros([positions.length, ...part.shape.slice(1)], { dtype: part.dtype, device: part.device });
    return unsafe.call('aten::index_copy', [blank, 0, index, part]) as Tensor;
  };
  return changeState(found, spread);
}

/** Mean squared error: ‖ε − ε̂‖² (paper, eq. 2), ‖x − x̂₀‖² in units of the input scale, or ‖v − v̂‖². */
function loss(
  config: DiffusionConfig,
  output: Tensor,
  truth: { x: Tensor; eps: Tensor; xt: Tensor },
  at: Levels,
): Tensor {
  const b = config.inputScale;
  const found = readPrediction(output, truth.xt, config.prediction, at, config.clipInTraining ? b : undefined);
  switch (config.loss) {
    case 'eps':
      return truth.eps.sub(found.eps).square().mean();
    case 'x':
      return truth.x.sub(found.x0).div(b).square().mean();
    case 'v': {
      const predicted = config.prediction === 'v' ? output : velocity(found.x0, found.eps, at);
      return velocity(truth.x, truth.eps, at).sub(predicted).square().mean();
    }
  }
}
