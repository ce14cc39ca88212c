import { conditionTokens, evaluationsOf, geometry, lengthOf, plan, purposes, RinError, samplers } from '@rin/core';
import { empty, noGrad, philoxNormal, scope, type Tensor, tensor } from '@rin/torch';
import type { SamplingConfig } from '../config/diffusion.js';
import type { Dataset } from '../data/dataset.js';
import { conditionOf } from '../diffusion/condition.js';
import { evaluate } from '../diffusion/evaluate.js';
import { splitFrames } from '../diffusion/givenFrames.js';
import type { PassAttention } from '../diffusion/guidance.js';
import { latentsAt } from '../diffusion/latentSchedule.js';
import type { Model } from '../diffusion/modelFile.js';
import { addNoise, levels, toSignal } from '../diffusion/process.js';
import { changedSampling, type SampleOptions, samples, toImages } from '../diffusion/sample.js';
import { joinClips } from '../media/clip.js';
import { type MediumSample, mediumOf } from '../media/medium.js';
import type { Previous } from '../model/pass.js';
import { type AttentionChoice, type AttentionMap, checkChoice, isChosen, mapsOf } from './attentionMaps.js';

/** A step of a sampling at which the attention is shown. */
export interface AttentionStep {
  /** step of `steps`, from 1 */
  readonly step: number;
  readonly steps: number;
  /** signal level γ of what the network saw, in [0, 1]: 0 = noise. Of heun's two evaluations in a step, the last one is shown */
  readonly gamma: number;
  /** the estimate x̂₀ of the same pass, behind given frames */
  readonly x0: MediumSample;
  /** one for each chosen block, in their order */
  readonly maps: readonly AttentionMap[];
}

/** A sample, and where the network looked while it made it. */
export interface SampleAttentionSteps {
  /** seed of a drawn sample, number of a sample of the data */
  readonly seed: number;
  /** the drawn sample, or that of the data */
  readonly image: MediumSample;
  readonly steps: readonly AttentionStep[];
}

/** What both functions take: what is shown, and the settings of sampling. */
interface Shown extends AttentionChoice {
  /** Steps that are shown, from 1. Default: all */
  readonly at?: readonly number[];
  /** Whether the unlabelled pass of guidance is shown. Default: false */
  readonly unlabelled?: boolean;
}

/** Options of `sampleAttention`: those of `sample` and what is shown. */
export interface SampleAttentionOptions
  extends Shown,
    Omit<SampleOptions, 'frames' | 'known' | 'mask' | 'resample' | 'jump' | 'onAttention'> {}

/** Options of `dataAttention`. The keys of the `sampling` section set the signal levels and the guidance. */
export interface DataAttentionOptions extends Shown, Partial<SamplingConfig> {
  /** numbers of samples of the data, from 0 */
  readonly samples: readonly number[];
  /** samples in a batch. Default: 64 */
  readonly batch?: number;
  /** is called after each batch with the share that is done, in (0, 1] */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Draws samples, and shows where the network looks (paper, the figure of read attention). The samples are those of
 * `sample`, byte for byte.
 * @returns one entry for each seed, in their order
 * @throws RinError as `sample`, or if a block, latent, head or step is not there
 */
export async function sampleAttention(model: Model, options: SampleAttentionOptions): Promise<SampleAttentionSteps[]> {
  const { kind, blocks, latent, head, at, unlabelled, ...asked } = options;
  const { seeds, classes, conditions, given, batch, onStep, signal, ...keys } = asked;
  const choice = { kind, blocks, latent, head };
  checkShown(model, changedSampling(model.config, keys), options);
  const cut = geometry(model.config.model);
  const results: SampleAttentionSteps[] = [];
  const found = new Map<number, Map<number, AttentionStep>>(); // by the place of the sample among all, then by step
  let latest: { gamma: number; maps: AttentionMap[][] } = { gamma: 0, maps: [] };
  const isShown = (step: number): boolean => at === undefined || at.includes(step);
  const drawn = samples(model, {
    ...{ ...keys, seeds, classes, conditions, given, batch, signal },
    onAttention: (attention) => {
      const { gamma, step } = attention;
      if (!isShown(step) || !isChosen(attention, choice) || attention.isUnlabelled !== (unlabelled ?? false)) return;
      const maps = mapsOf(attention, choice, cut);
      latest = {
        gamma,
        maps: attention.block > (latest.maps.at(-1)?.[0].block ?? -1) ? [...latest.maps, maps] : [maps],
      };
    },
    onStep: (progress) => {
      const { step, steps, x0 } = progress;
      if (isShown(step)) {
        const { gamma, maps } = latest;
        for (const [i, image] of x0().entries()) {
          const place = results.length + i; // all samples of earlier batches are there
          const seen = found.get(place) ?? new Map<number, AttentionStep>();
          seen.set(step, { step, steps, gamma, x0: image, maps: maps.map((each) => each[i]) });
          found.set(place, seen);
        }
      }
      latest = { gamma: 0, maps: [] };
      onStep?.(progress);
    },
  });
  for await (const { seed, image } of drawn)
    results.push({ seed, image, steps: [...(found.get(results.length)?.values() ?? [])] });
  return results;
}

/**
 * Shows where the network looks in real samples with noise. A sample is noised to the signal levels of the steps of a sampling,
 * each time by the same noise. As in training, a first pass from zeros gives what is carried, and the second pass is shown.
 * @param data  of the model's shape; classes go by their names
 * @returns one entry for each number of `samples`, in their order
 * @throws RinError if the data have another shape, or a sample, block, latent, head or step is not there
 */
export async function dataAttention(
  model: Model,
  data: Dataset,
  options: DataAttentionOptions,
): Promise<SampleAttentionSteps[]> {
  const {
    kind,
    blocks,
    latent,
    head,
    at,
    unlabelled,
    samples: numbers,
    batch = 64,
    onProgress,
    signal,
    ...keys
  } = options;
  const sampling = changedSampling(model.config, keys);
  checkShown(model, sampling, options);
  const { shape } = model.network.sample;
  if (data.shape.join() !== shape.join())
    throw new RinError(
      `${data.name}: its samples are [${data.shape.join(', ')}]; expected [${shape.join(', ')}], the size of the model's samples`,
    );
  const wrong = numbers.find((each) => !(Number.isInteger(each) && each >= 0 && each < data.length));
  if (wrong !== undefined)
    throw new RinError(`${data.name}: sample ${wrong} is not there; expected 0 to ${data.length - 1}`);
  const wanted = { choice: { kind, blocks, latent, head }, unlabelled: unlabelled ?? false, at };
  const results: SampleAttentionSteps[] = [];
  for (let first = 0; first < numbers.length; first += batch) {
    const part = numbers.slice(first, first + batch);
    const steps: AttentionStep[][] = part.map(() => []);
    for (const level of levelsOf(sampling)) {
      signal?.throwIfAborted();
      if (at !== undefined && !at.includes(level.step + 1)) continue;
      const found = scope(() => noGrad(() => lookAtLevel(model, data, part, sampling, level, wanted)));
      for (const [i, each] of found.entries()) steps[i].push(each);
      await new Promise((resolve) => setImmediate(resolve)); // so that the process can handle signals
    }
    for (const [i, seed] of part.entries()) results.push({ seed, image: imageOf(data, seed), steps: steps[i] });
    onProgress?.(Math.min(1, (first + part.length) / numbers.length));
  }
  return results;
}

/** The signal level of each step of a sampling. Of steps with several evaluations, the first counts. */
function levelsOf(sampling: SamplingConfig): { step: number; gamma: number; oneMinusGamma: number }[] {
  const all = evaluationsOf(samplers[sampling.sampler](plan(sampling), sampling));
  return all.filter(({ step }, i) => i === 0 || all[i - 1].step !== step);
}

/** The second pass of noised samples at one signal level. */
function lookAtLevel(
  { network: rin, config, meanSquare, classes }: Model,
  data: Dataset,
  numbers: readonly number[],
  sampling: SamplingConfig,
  level: { step: number; gamma: number; oneMinusGamma: number },
  { choice, unlabelled }: { choice: AttentionChoice; unlabelled: boolean },
): AttentionStep[] {
  const { device } = rin;
  const { shape, predicted, givenFrames, axes } = rin.sample;
  const { diffusion } = config;
  const { inputScale } = diffusion;
  const length = lengthOf(shape);
  const pixels = new Uint8Array(numbers.length * length);
  for (const [i, number] of numbers.entries()) data.read(number, pixels.subarray(i * length, (i + 1) * length));
  const whole = toSignal(tensor(pixels, [numbers.length, ...shape], { device }), inputScale);
  const { given, predicted: x } = splitFrames(whole, givenFrames);
  const all = (value: number): number[] => numbers.map(() => value);
  const at = levels(all(level.gamma), all(level.oneMinusGamma), { inputScale, axes, meanSquare, device });
  const draw = { seed: 0, samples: numbers, purpose: purposes.noise };
  const xt = addNoise(x, philoxNormal(empty([numbers.length, ...predicted], { device }), draw), at);
  const labels = numbers.map((number) => classes.indexOf(data.classes[data.label(number)])); // −1 = no class
  const condition = conditionOf(rin, { labels, ...sequencesOf(data, numbers, rin.sample.sequence) });
  const inputs = { ...{ rin, diffusion, sampling, condition, meanSquare }, ...(given && { given }) };
  const maps: AttentionMap[][] = [];
  const onAttention = (attention: PassAttention): void => {
    if (isChosen(attention, choice) && attention.isUnlabelled === unlabelled)
      maps.push(mapsOf(attention, choice, geometry(config.model)));
  };
  const { x0 } = evaluate({ ...inputs, onAttention }, xt, level, firstState(inputs, xt, level));
  const before = given && toImages(given, { config, network: { sample: { predicted: given.shape.slice(1) } } });
  const estimates = toImages(x0, { config, network: rin });
  return estimates.map((image, i) => ({
    ...{ step: level.step + 1, steps: sampling.steps, gamma: level.gamma, maps: maps.map((each) => each[i]) },
    x0: before ? { medium: 'clip', ...joinClips(before[i], image) } : image,
  }));
}

/** What a first pass from zeros leaves to be carried; nothing if the network was trained only from zeros. */
function firstState(
  inputs: Parameters<typeof evaluate>[0],
  xt: Tensor,
  level: { step: number; gamma: number; oneMinusGamma: number },
): Previous {
  const { rin, diffusion } = inputs;
  if (diffusion.selfConditioningRate === 0 || rin.carried.length === 0) return {};
  const { x0, output } = evaluate(inputs, xt, level, {});
  const left = { ...output, data: x0.clamp(-diffusion.inputScale, diffusion.inputScale) };
  return Object.fromEntries(rin.carried.map((part) => [part, left[part]]));
}

/** The condition sequences of samples, zeros for those without one. */
function sequencesOf(
  data: Dataset,
  numbers: readonly number[],
  sequence: readonly [number, number] | undefined,
): { sequences?: Float32Array } {
  if (!sequence || !data.conditionShape) return {};
  const length = sequence[0] * sequence[1];
  const sequences = new Float32Array(numbers.length * length);
  for (const [i, number] of numbers.entries()) {
    const found = data.condition?.(number);
    if (found?.length === length) sequences.set(found, i * length);
  }
  return { sequences };
}

function imageOf(data: Dataset, number: number): MediumSample {
  const pixels = new Uint8Array(lengthOf(data.shape));
  data.read(number, pixels);
  return { medium: mediumOf(data.shape), data: pixels, shape: data.shape };
}

/** @throws RinError if a block, latent, head or step is not there, or there is no unlabelled pass */
function checkShown(
  { config: { model } }: Model,
  sampling: SamplingConfig,
  { at = [], unlabelled, ...choice }: Shown,
): void {
  const { steps, guidance } = sampling;
  const counts = Array.from({ length: steps }, (_, step) => {
    const { labelled, unlabelled: fewer } = latentsAt(sampling, step, model.latents);
    return unlabelled ? fewer : labelled;
  });
  checkChoice(choice, { blocks: model.depth.length, heads: model.readWriteHeads, latents: Math.min(...counts) });
  const wrong = at.find((step) => !(Number.isInteger(step) && step >= 1 && step <= steps));
  if (wrong !== undefined) throw new RinError(`step ${wrong}: expected 1 to ${steps}, the steps of this sampling`);
  const last = model.depth.length - 1;
  if (
    choice.kind === 'write' &&
    model.depth.every((layers, block) => layers === 0 || !(choice.blocks?.includes(block) ?? true))
  )
    throw new RinError(
      `block ${choice.blocks?.[0] ?? last} only reads (model.depth 0), so it has no write; choose another block`,
    );
  if (unlabelled && (guidance === 0 || conditionTokens(model) === 0)) {
    const why = guidance === 0 ? 'guidance is 0' : 'this model takes no condition';
    throw new RinError(`there is no unlabelled pass to show (${why}); leave unlabelled out`);
  }
}
