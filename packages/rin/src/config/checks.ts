import { fewestLatents, gamma, hasReadOnlyTokens, latentSlots, patchList, sizeList, warmParts } from '@rin/core';
import type { Config } from './config.js';
import { either } from './describe.js';
import type { DiffusionConfig, SamplingConfig, ScheduleConfig } from './diffusion.js';
import { imagesOf } from './duration.js';
import { limits } from './limits.js';
import type { ModelConfig } from './model.js';
import type { TrainingConfig } from './training.js';

/** Checks keys that are each valid against each other. Yields one sentence for each problem. */
export function* checks(config: Config): Generator<string> {
  const tooMuch = [...limits(config)];
  yield* tooMuch;
  if (tooMuch.length > 0) return;
  const { model, data, diffusion, training, sampling } = config;
  yield* givenFrames(model);
  yield* patches(model);
  yield* conditions(model);
  yield* ofOneMedium(config);
  if (data.flip && sizeList(model.size).length === 1)
    yield 'data.flip mirrors pictures, but the samples are sounds, which would play backwards; set it to false';
  yield* widths(model);
  yield* options(model);
  yield* selfConditioning(model, diffusion);
  yield* scheduleEnds('diffusion.schedule', diffusion.schedule);
  yield* scheduleEnds('sampling.schedule', sampling.schedule);
  if (sampling.guidanceFrom > sampling.guidanceTo) {
    yield `sampling.guidanceFrom ${sampling.guidanceFrom} is above sampling.guidanceTo ${sampling.guidanceTo}, so that no step is guided; swap them, or set sampling.guidance to 0`;
  }
  yield* latentNumbers(model, sampling);
  yield* durations(training);
}

/** Keys of the data that other media would ignore. */
function* ofOneMedium({ model, data }: Config): Generator<string> {
  const medium = (['sounds', 'pictures', 'clips'] as const)[sizeList(model.size).length - 1];
  for (const [key, media] of [
    ['frameRate', ['clips']],
    ['sampleRate', ['sounds']],
    ['stride', ['clips', 'sounds']],
  ] as const) {
    if (data[key] !== undefined && !media.some((each) => each === medium))
      yield `data.${key} ${data[key]} is for ${media.join(' and ')}, but the samples are ${medium}; leave it out`;
  }
}

function* givenFrames({ size, givenFrames: given }: ModelConfig): Generator<string> {
  if (given === 0) return;
  const sizes = sizeList(size);
  if (sizes.length !== 3) {
    yield `model.givenFrames ${given} needs clips; set model.size to [frames, height, width], or givenFrames to 0`;
  } else if (given >= sizes[0]) {
    yield `model.givenFrames ${given} leaves no frame to predict of the ${sizes[0]} of model.size ${show(size)}; use at most ${sizes[0] - 1}`;
  }
}

function* patches(model: ModelConfig): Generator<string> {
  const size = sizeList(model.size);
  const patch = patchList(model.patch, size.length);
  if (patch.length !== size.length) {
    yield `model.patch has ${patch.length} numbers and model.size ${size.length}; give one number, or one for each axis`;
    return;
  }
  if (typeof model.patch === 'number') {
    const spatial = size.length === 3 ? size.slice(1) : size;
    const common = divisors(spatial.reduce(greatestCommonDivisor));
    if (!common.includes(model.patch)) {
      const what = size.length === 1 ? 'length' : 'image size';
      const { patch: side } = model;
      const below = spatial.map((length) => length - (length % side));
      const smaller = below.every((length) => length > 0) ? `, or the ${what} ${distinct(below).join(' x ')}` : '';
      yield `model.patch ${model.patch} does not divide the ${what} ${distinct(spatial).join(' x ')}; use the patch ${either(common)}${smaller}`;
    }
    return;
  }
  for (const [axis, side] of patch.entries()) {
    if (size[axis] % side === 0 || (axis === 0 && model.givenFrames > 0)) continue; // slices in time are padded then
    const fitting = either(divisors(size[axis]));
    yield `model.patch ${show(patch)}: ${side} does not divide the ${size[axis]} of model.size ${show(size)}; use ${fitting}`;
  }
}

function* conditions(model: ModelConfig): Generator<string> {
  if (model.classes > 0 && model.conditionDim > 0) {
    yield `model.classes ${model.classes} and model.conditionDim ${model.conditionDim} exclude each other; set one of them to 0`;
  }
  if (model.conditionDim > 0 !== model.conditionTokens > 0) {
    yield `model.conditionDim ${model.conditionDim} and model.conditionTokens ${model.conditionTokens} belong together; set both above 0, or both to 0`;
  }
  const { time, condition, learned } = latentSlots(model);
  if (learned < 1) {
    const tokens = time + condition;
    yield `model.latents ${model.latents} leaves no learned latent after the ${tokens} time and condition tokens, which count among them; use at least ${tokens + 1}`;
  }
}

/** Heads must divide their channels. Sin-cos codes need whole pairs of channels. */
function* widths(model: ModelConfig): Generator<string> {
  const { latentDim, interfaceDim } = model;
  if (latentDim % model.latentHeads !== 0) {
    yield `model.latentHeads ${model.latentHeads} does not divide model.latentDim ${latentDim}; use ${either(divisors(latentDim))}`;
  }
  const attention = Math.min(interfaceDim, latentDim);
  if (attention % model.readWriteHeads !== 0) {
    yield `model.readWriteHeads ${model.readWriteHeads} does not divide ${attention}, the smaller of model.interfaceDim and model.latentDim; use ${either(divisors(attention))}`;
  }
  const timeKey = model.timeOn === 'latents' ? 'latentDim' : 'interfaceDim';
  yield* multiple(
    model,
    timeKey,
    8,
    'the time token codes gamma in a quarter of its channels, in pairs of sine and cosine',
  );
  if (model.latentPosition !== 'learned') {
    yield* multiple(model, 'latentDim', 2, 'a sin-cos code comes in pairs of sine and cosine');
  }
  if (model.interfacePosition !== 'learned') {
    const axes = sizeList(model.size).length === 1 ? 1 : 2;
    yield* multiple(
      model,
      'interfaceDim',
      2 * axes,
      'a sin-cos code has pairs of sine and cosine for each spatial axis',
    );
  }
  for (const [ratio, dim] of [
    ['latentMlpRatio', 'latentDim'],
    ['interfaceMlpRatio', 'interfaceDim'],
  ] as const) {
    const hidden = model[ratio] * model[dim];
    if (!Number.isInteger(hidden))
      yield `model.${ratio} ${model[ratio]} times model.${dim} ${model[dim]} is ${hidden}; expected a whole number`;
  }
}

function* multiple(model: ModelConfig, key: 'latentDim' | 'interfaceDim', of: number, why: string): Generator<string> {
  if (model[key] % of !== 0) yield `model.${key} is ${model[key]}; expected a multiple of ${of}, because ${why}`;
}

function* options(model: ModelConfig): Generator<string> {
  if (model.depth.every((layers) => layers === 0)) {
    yield `model.depth ${show(model.depth)} has no compute layer, so the network writes nothing; use at least one number above 0`;
  }
  if (model.decoupledRead && !hasReadOnlyTokens(model)) {
    yield 'model.decoupledRead has nothing to read; set model.timeOn or model.conditionOn to interface, or decoupledRead to false';
  }
  if (model.convolutionKernel > 0 && model.convolutionKernel % 2 === 0) {
    yield `model.convolutionKernel ${model.convolutionKernel} has no centre; use an odd number, or 0 for none`;
  }
  const groups = Math.min(model.interfaceDim / 4, 32);
  if (model.convolutionKernel > 0 && (!Number.isInteger(groups) || model.interfaceDim % groups !== 0)) {
    yield `model.interfaceDim ${model.interfaceDim} cannot be split into min(interfaceDim/4, 32) groups, which the norm after the convolution needs; use a multiple of 32, or a multiple of 4 below 128`;
  }
}

function* selfConditioning(model: ModelConfig, diffusion: DiffusionConfig): Generator<string> {
  if (model.selfConditioning === 'none' && diffusion.selfConditioningRate > 0) {
    yield `diffusion.selfConditioningRate ${diffusion.selfConditioningRate} needs model.selfConditioning; set it to latents, or the rate to 0`;
  }
  if (warmParts(model).includes('interface') && model.interfaceMlpRatio === 0) {
    const other = warmParts(model).includes('data') ? 'latents+data' : 'latents';
    yield `model.selfConditioning ${model.selfConditioning} uses an MLP of ratio model.interfaceMlpRatio, which is 0; use a ratio above 0, or selfConditioning ${other}`;
  }
}

function* latentNumbers(model: ModelConfig, sampling: SamplingConfig): Generator<string> {
  const fewest = fewestLatents(model);
  if (fewest > model.latents) return; // `conditions` says so
  for (const key of ['latents', 'guidanceLatents'] as const) {
    const numbers = [sampling[key] ?? []].flat();
    const few = numbers.find((each) => each < fewest);
    const many = numbers.find((each) => each > model.latents);
    if (few !== undefined)
      yield `sampling.${key} ${few} leaves no learned latent after the ${fewest - 1} time and condition tokens, which count among them; use ${fewest} to ${model.latents}`;
    if (many !== undefined)
      yield `sampling.${key} ${many} is above model.latents ${model.latents}; use ${fewest} to ${model.latents}`;
    if (numbers.length > sampling.steps)
      yield `sampling.${key} has ${numbers.length} numbers for ${sampling.steps} steps (sampling.steps); use at most one number for each step`;
  }
}

function* scheduleEnds(key: string, schedule: ScheduleConfig): Generator<string> {
  if (!('start' in schedule)) return;
  if (schedule.start >= schedule.end) {
    yield `${key}.start ${schedule.start} is not below ${key}.end ${schedule.end}${schedule.kind === 'log' ? '; reverse: true swaps them' : ''}`;
  } else if (!Number.isFinite(gamma(schedule, 0.5))) {
    yield `${key} ${show(schedule)} is flat in float64; use a larger tau, or a start and end closer to 0`;
  }
}

function* durations(training: TrainingConfig): Generator<string> {
  const { images, batch, microBatch = batch, warmup } = training;
  if (batch % microBatch !== 0) {
    yield `training.microBatch ${microBatch} does not divide training.batch ${batch}; use ${either(divisors(batch))}`;
  }
  const warm = imagesOf(warmup, training);
  if (warm >= images) {
    const share = warm === warmup ? '' : ` (${warm} images)`;
    yield `training.warmup ${warmup}${share} is not below training.images ${images}, the length of the run; both count images`;
  }
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

function divisors(n: number): number[] {
  const small: number[] = [];
  for (let i = 1; i * i <= n; i++) if (n % i === 0) small.push(i);
  const large = small.map((i) => n / i).reverse();
  return [...new Set([...small, ...large])];
}

const distinct = (numbers: number[]) => (new Set(numbers).size === 1 ? numbers.slice(0, 1) : numbers);

const show = (value: unknown) => JSON.stringify(value);
