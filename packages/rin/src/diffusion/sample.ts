import { isDeepStrictEqual } from 'node:util';
import { conditionTokens, isOutOfMemory, lengthOf, RinError } from '@rin/core';
import { noGrad, releaseFreeMemory, scope, type Tensor } from '@rin/torch';
import type { Config } from '../config/config.js';
import type { SamplingConfig } from '../config/diffusion.js';
import { nearest } from '../config/nearest.js';
import { mergeConfig, parseConfig } from '../config/parse.js';
import { type Clip, cutClip, joinClips } from '../media/clip.js';
import { type MediumSample, mediumOf } from '../media/medium.js';
import type { RIN } from '../model/rin.js';
import { conditionOf, sequencesOf } from './condition.js';
import { type Continuation, continuation, givenTensor } from './continuation.js';
import { type DenoiseInput, denoise } from './denoise.js';
import type { EvaluatedAttention } from './evaluate.js';
import { type KnownOptions, readKnown } from './known.js';
import type { Model } from './modelFile.js';
import { toPixels } from './process.js';

/** The progress of `sample` after a step. */
export interface SampleStep {
  /** step of `steps`, from 1; with known pixels, steps are repeated `resample` times */
  readonly step: number;
  readonly steps: number;
  /** share of the evaluations of the network for this batch that are made, in (0, 1]; heun makes two in each step but the last */
  readonly share: number;
  /** signal level γ of the newest evaluation, from which x̂₀ comes */
  readonly gamma: number;
  /** seeds of the pictures in this batch */
  readonly seeds: readonly number[];
  /** Returns the estimates x̂₀ of these pictures, behind the frames that are there. Call it only during `onStep`. */
  readonly x0: () => MediumSample[];
}

/** The attention weights of one read or write of an evaluation, of all pictures of a batch. */
export interface SampleAttention extends EvaluatedAttention {
  /** step of `steps`, from 1, as in `SampleStep`; heun evaluates twice in a step */
  readonly step: number;
  readonly steps: number;
  /** seeds of the pictures in this batch */
  readonly seeds: readonly number[];
}

/** The samples to draw. `steps`, `sampler`, `schedule`, `guidance` and so on are keys of the `sampling` section. */
export interface SampleOptions extends Partial<SamplingConfig>, KnownOptions {
  /** One for each picture: whole numbers from 0 to 2⁵³ − 1. A seed gives the same picture in any batch. */
  readonly seeds: readonly number[];
  /** Names or numbers of classes, repeated over the seeds; null = no class. Default: seed mod the number of classes. */
  readonly classes?: readonly (string | number | null)[];
  /**
   * Condition sequences of s × d_c numbers, repeated over the seeds; null = no condition. For a model with
   * `model.conditionDim`. Default: no condition
   */
  readonly conditions?: readonly (Float32Array | null)[];
  /**
   * Clips [C, F, H, W] that a model with given frames continues, repeated over the seeds. The last `model.givenFrames` frames of
   * each are given, and are the first frames of the result, byte for byte.
   */
  readonly given?: Clip | readonly Clip[];
  /**
   * Frames of each result, given ones included. A clip longer than the model's is drawn in sections. Each section is given the
   * last frames before it. Its noise depends on seed and section, so a longer clip begins like a shorter one. Default: the
   * frames of the model.
   */
  readonly frames?: number;
  /** Pictures in a batch, at least 1. Default: 64 */
  readonly batch?: number;
  /** Is called after each step, for all samplers. If memory runs out, the batch starts again in two halves. */
  readonly onStep?: (step: SampleStep) => void;
  /** Is called for each read and write of each evaluation, before `onStep`. Without it nothing is computed for it. */
  readonly onAttention?: (attention: SampleAttention) => void;
  /** If it is aborted, sampling finishes the current step and rejects with the signal's reason, as `train` does. */
  readonly signal?: AbortSignal;
}

/** A sample with its seed. */
export interface Sample {
  readonly seed: number;
  /** uint8, planar [C, ...size]; its `medium` is `clip` for a model of clips. A continued clip is [C, `frames`, H, W] */
  readonly image: MediumSample;
}

/**
 * Samples from a model. Options that are not given come from the `sampling` section of its configuration.
 * @returns one sample for each seed, in their order: uint8, planar [C, ...size]. `medium` says whether it is a picture
 *     [C, H, W], a clip [C, F, H, W] or a sound [C, L]
 * @throws RinError if a class is unknown, a seed is no whole number, an option is out of range, a given clip does not fit, or the
 *     network's output is not finite
 * @throws the reason of `signal` if it is aborted
 */
export async function sample(model: Model, options: SampleOptions): Promise<MediumSample[]> {
  const images: MediumSample[] = [];
  for await (const { image } of samples(model, options)) images.push(image);
  return images;
}

/**
 * Samples pictures one batch after the other, so that only one batch is in memory. If memory runs out, the batch is halved.
 * @returns the pictures in the order of the seeds
 * @throws as `sample`
 */
export async function* samples(model: Model, options: SampleOptions): AsyncGenerator<Sample, void, void> {
  const { seeds, classes, conditions, given, frames, batch = 64, onStep, onAttention, signal, ...others } = options;
  const { known: picture, mask, resample, jump, ...changed } = others;
  const sampling = changedSampling(model.config, changed);
  checkCounts(seeds, batch);
  const continued = continuation(model, { given, frames });
  const labels = seeds.map((seed, i) => classOf(model, classes?.[i % classes.length], seed)); // a wrong class fails here
  const { predicted: shape } = model.network.sample;
  const { inputScale } = model.config.diffusion;
  const known = readKnown({ known: picture, mask, resample, jump }, { shape, seeds: seeds.length, inputScale });
  const sequences = sequencesOf(model.network.sample, conditions, seeds.length);
  let size = batch;
  for (let first = 0; first < seeds.length; ) {
    const part = seeds.slice(first, first + size);
    let images: MediumSample[];
    try {
      const end = first + part.length;
      const values = (sequences?.length ?? 0) / seeds.length; // of a sequence
      using condition = conditionOf(model.network, {
        labels: labels.slice(first, end),
        ...(sequences && { sequences: sequences.subarray(first * values, end * values) }),
      });
      const pixels = known?.tensors(first, part.length, model.network.device);
      using _picture = pixels?.picture;
      using _drawn = pixels?.drawn;
      const inputs = {
        ...{ seeds: part, condition, meanSquare: model.meanSquare, signal },
        ...(known && pixels && { known: { ...pixels, resampling: known.resampling } }),
      };
      images = await drawSections(model, sampling, inputs, { ...continued, first, onStep, onAttention });
    } catch (error) {
      if (!isOutOfMemory(error) || part.length === 1) throw error;
      releaseFreeMemory(); // free memory may be in pieces that are too small
      size = Math.ceil(part.length / 2);
      continue;
    }
    yield* images.map((image, i) => ({ seed: part[i], image }));
    first += part.length;
  }
}

/**
 * Draws a batch in sections. Each section is given the last frames before it; without given frames there is one section.
 * @param first  number of the first seed of the batch among all
 */
async function drawSections(
  model: Model,
  sampling: SamplingConfig,
  inputs: Omit<DenoiseInput, 'given' | 'section' | 'onStep' | 'onAttention'>,
  {
    starts,
    sections,
    frames,
    first,
    onStep,
    onAttention,
  }: Continuation & { first: number } & Pick<SampleOptions, 'onStep' | 'onAttention'>,
): Promise<MediumSample[]> {
  const { seeds } = inputs;
  const counted = (found: EvaluatedAttention, section: number): SampleAttention => ({
    ...{ ...found, step: section * sampling.steps + found.step + 1, steps: sections * sampling.steps, seeds },
  });
  let clips: MediumSample[] =
    starts.length > 0 ? seeds.map((_, i) => ({ medium: 'clip' as const, ...starts[(first + i) % starts.length] })) : [];
  for (let section = 0; section < sections; section++) {
    const before = clips;
    const joined = (x: Tensor): MediumSample[] =>
      toImages(x, model).map((image, i) => (i in before ? { medium: 'clip', ...joinClips(before[i], image) } : image));
    using given = before.length > 0 ? givenTensor(before, model) : undefined;
    using drawn = await denoise(model.network, model.config.diffusion, sampling, {
      ...{ ...inputs, section, ...(given && { given }) },
      onStep: ({ step, steps, share, gamma, x0 }) =>
        onStep?.({
          ...{ step: section * steps + step, steps: sections * steps, share: (section + share) / sections },
          ...{ gamma, seeds, x0: () => joined(x0) },
        }),
      ...(onAttention && { onAttention: (found) => onAttention(counted(found, section)) }),
    });
    clips = joined(drawn);
  }
  return frames === undefined ? clips : clips.map((clip) => ({ medium: 'clip', ...cutClip(clip, 0, frames) }));
}

/** The `sampling` section with the caller's changes, checked like any configuration. */
export function changedSampling(config: Config, changed: Partial<SamplingConfig>): SamplingConfig {
  const { momentum = 0 } = changed;
  const { model, diffusion } = config;
  const isNew = momentum > 0 && momentum !== config.sampling.momentum;
  if (isNew && (model.selfConditioning === 'none' || diffusion.selfConditioningRate === 0)) {
    const why =
      model.selfConditioning === 'none' ? 'model.selfConditioning is none' : 'diffusion.selfConditioningRate is 0';
    throw new RinError(
      `momentum ${momentum}: this model carries nothing from step to step (${why}); leave momentum out`,
    );
  }
  const given = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
  const { sampling } = parseConfig(mergeConfig(config, { sampling: given }), 'sample');
  for (const [key, owner] of [
    ['eta', 'ddim'],
    ['variance', 'ddpm'],
  ] as const) {
    const value = changed[key];
    if (value === undefined || value === config.sampling[key] || sampling.sampler === owner) continue;
    throw new RinError(
      `${key} ${value}: it has no effect with ${sampling.sampler}; leave ${key} out, or choose the sampler ${owner}`,
    );
  }
  const { guidance, guidanceLatents } = sampling;
  const isOwn = isDeepStrictEqual(guidanceLatents, config.sampling.guidanceLatents);
  if (!isOwn && (guidance === 0 || conditionTokens(model) === 0)) {
    const why = guidance === 0 ? 'guidance is 0' : 'this model takes no condition';
    throw new RinError(
      `guidanceLatents ${String(guidanceLatents)}: there is no unlabelled pass (${why}); leave guidanceLatents out`,
    );
  }
  return sampling;
}

function checkCounts(seeds: readonly number[], batch: number): void {
  const wrong = seeds.find((seed) => !Number.isSafeInteger(seed) || seed < 0);
  if (wrong !== undefined) throw new RinError(`seed ${wrong}: expected a whole number from 0 to 2^53 - 1`);
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw new RinError(`batch ${batch}: expected a whole number, at least 1`);
}

/** The number of a class given by name or number; −1 = none. */
function classOf({ config, classes }: Model, wanted: string | number | null | undefined, seed: number): number {
  const count = config.model.classes;
  if (wanted === null) return -1;
  if (count === 0) {
    if (wanted === undefined) return -1;
    throw new RinError(`class ${wanted}: this model was trained without classes; leave classes out`);
  }
  if (wanted === undefined) return seed % count;
  const number = typeof wanted === 'number' ? wanted : classes.indexOf(wanted);
  if (Number.isInteger(number) && number >= 0 && number < count) return number;
  const known = classes.length > 0 ? `: ${classes.join(', ')}` : '';
  const meant = typeof wanted === 'string' ? nearest(wanted, classes) : undefined;
  throw new RinError(
    `class ${wanted}: this model has the classes 0 to ${count - 1}${known}${meant ? `; did you mean ${meant}?` : ''}`,
  );
}

/** The pictures, clips or sounds of a batch [B, C, ...size] in [−b, b], as samples of the shape that the network predicts. */
export function toImages(
  x: Tensor,
  {
    config,
    network,
  }: Pick<Model, 'config'> & { readonly network: { readonly sample: Pick<RIN['sample'], 'predicted'> } },
): MediumSample[] {
  using pixels = scope(() => noGrad(() => toPixels(x, config.diffusion.inputScale)));
  const data = pixels.toTypedArray() as Uint8Array;
  const { predicted: shape } = network.sample;
  const [length, medium] = [lengthOf(shape), mediumOf(shape)];
  return Array.from({ length: x.shape[0] }, (_, i) => ({
    medium,
    data: data.slice(i * length, (i + 1) * length),
    shape,
  }));
}
