import { ConfigError, count, RinError, UsageError } from '@rin/core';
import type { Config } from '../../config/config.js';
import type { SamplingConfig } from '../../config/diffusion.js';
import { mergeConfig, parseConfig } from '../../config/parse.js';
import type { TrainingConfig } from '../../config/training.js';
import type { GivenClip } from '../../data/readGiven.js';
import type { KnownOptions } from '../../diffusion/known.js';
import { fewestTrained } from '../../diffusion/latentDrop.js';
import type { Model } from '../../diffusion/modelFile.js';
import { samplingFlops } from '../../diffusion/samplingFlops.js';
import { samplingPasses } from '../../diffusion/samplingPasses.js';
import type { Clip } from '../../media/clip.js';
import { nounOf } from '../../media/formats.js';
import { flops } from '../../training/resources/flopsText.js';
import { flags, setFlag } from '../configuration/flags.js';
import type { Given } from '../terminal/command.js';
import { parseSeeds } from './seeds.js';

/** The pictures to draw, and the settings of sampling. */
export interface SampleRequest {
  readonly seeds: readonly number[];
  /** class of each picture, by name or number, null = none; absent if the model has no classes and none was requested */
  readonly classes?: readonly (string | number | null)[];
  readonly sampling: SamplingConfig;
  /** known pixels, if only the others are drawn */
  readonly known?: KnownOptions;
  /** clips to continue, repeated over the seeds; absent = none */
  readonly given?: readonly Clip[];
  /** frames of each clip; absent = as the model has */
  readonly frames?: number;
}

/**
 * The request, with defaults from the model's configuration.
 * @param clips to continue
 * @throws RinError if it is invalid
 */
export function sampleRequest(
  { config, classes: names }: Model,
  given: Given,
  clips?: readonly GivenClip[],
): SampleRequest {
  const asked = parseClasses(given.text('--classes'), names);
  const known = config.model.classes;
  const groups = asked?.length ?? known;
  const several = groups > 0 && groups <= 16 ? `0-${8 * groups - 1}` : '0-63';
  const seeds = parseSeeds(given.text('--seeds') ?? (clips ? `0-${clips.length - 1}` : several));
  const frames = given.wholeNumber('--frames', 1);
  const classes = asked ?? (known > 0 ? seeds.map((seed) => seed % known) : undefined);
  return {
    seeds,
    ...(classes && { classes: seeds.map((_, i) => classes[i % classes.length]) }),
    sampling: typedSampling(config, given),
    ...(clips && { given: clips.map(({ clip }) => clip) }),
    ...(frames !== undefined && { frames }),
  };
}

/** The settings that a user may want to change. @param isConditional whether the model has classes, which guidance needs */
export function samplingLine(sampling: SamplingConfig, isConditional: boolean): string {
  const { steps, sampler, guidance, guidanceFrom, guidanceTo } = sampling;
  const evaluations = samplingPasses(sampling, false);
  const how = evaluations === steps ? sampler : `${sampler} (${count(evaluations)} evaluations)`;
  const isLimited = guidance > 0 && (guidanceFrom > 0 || guidanceTo < 1);
  const interval = isLimited ? ` for gamma ${guidanceFrom} to ${guidanceTo}` : '';
  const guided = isConditional ? `, guidance ${guidance}${interval}` : '';
  return `sampling: ${count(steps)} step${steps > 1 ? 's' : ''} of ${how}${guided}`;
}

/** The latents that compute, and the work for a picture; undefined if all compute. @param noun  `picture`, `clip` */
export function latentsLine(config: Config, noun: string): string | undefined {
  const { latents, guidance } = config.sampling;
  const guidanceLatents = guidance > 0 ? config.sampling.guidanceLatents : undefined; // without guidance nothing has them
  if (latents === undefined && guidanceLatents === undefined) return undefined;
  const all = config.model.latents;
  const listed = (numbers: number | readonly number[]): string => [numbers].flat().join(', ');
  const others = guidanceLatents === undefined ? '' : `, without a label at most ${listed(guidanceLatents)}`;
  const whole = samplingFlops({ ...config, sampling: { ...config.sampling, latents: all, guidanceLatents: all } });
  return `latents: ${listed(latents ?? all)} of ${all}${others}; ${flops(samplingFlops(config))} for a ${noun}, with all ${flops(whole)}`;
}

/** A warning about latents that are fewer than any sample of training had; undefined if there are none. */
export function latentsWarning({ model, training }: Config, sampling: SamplingConfig): string | undefined {
  const least = fewestTrained(model, training.latentDrop);
  const few = [sampling.latents ?? [], sampling.guidance > 0 ? (sampling.guidanceLatents ?? []) : []]
    .flat()
    .find((each) => each < least);
  if (few === undefined) return undefined;
  const trained = least === model.latents ? `${least}` : `${least} to ${model.latents}`;
  return `latents ${few} may make the ${nounOf(model)}s worse: this model was trained with ${trained} (training.latentDrop ${training.latentDrop})`;
}

/**
 * A warning about `--guidance` on a model that never trained without a class; undefined if there is no problem.
 * @throws RinError if the model has no classes
 */
export function guidanceWarning({ config: { model, diffusion } }: Model, given: Given): string | undefined {
  const text = given.text('--guidance');
  if (text === undefined || Number(text) === 0) return undefined;
  const needs = 'guidance needs a model that was trained on classes with diffusion.labelDropout above 0';
  if (model.classes === 0) throw new RinError(`--guidance ${text}: this model has no classes; ${needs}`);
  return diffusion.labelDropout > 0
    ? undefined
    : `--guidance ${text} may make the results worse: ${needs}; it was 0 here`;
}

/** `--device` and `--threads`. They describe this machine, so the model's configuration is ignored. */
export function sampleCompute(given: Given): Pick<TrainingConfig, 'device' | 'threads'> {
  return withTyped({ model: { size: 1, patch: 1 } }, given, 'training').training;
}

/** Checks `--known` and the options that belong to it. @throws UsageError if one of them is missing */
export function checkKnown(given: Given): void {
  const known = given.text('--known');
  const idle = ['--mask', '--resample', '--jump'].find((flag) => given.has(flag));
  if (known === undefined && idle !== undefined)
    throw new UsageError(`${idle} belongs to a picture with known pixels; add --known picture.png`);
  if (known !== undefined && !given.has('--mask'))
    throw new UsageError(
      `--known ${known}: expected a mask too, such as --mask mask.png: white = to draw, black = known`,
    );
}

/** The `sampling` section of a model with the typed keys. @throws UsageError if one is invalid */
export const typedSampling = (config: Config, given: Given): SamplingConfig =>
  withTyped(config, given, 'sampling').sampling;

/** A configuration with the typed keys of a section. The flags have no section in their names. */
function withTyped(base: unknown, given: Given, section: 'sampling' | 'training'): Config {
  const typed = flags.reduce<unknown>((config, { path }) => {
    const text = path.startsWith(`${section}.`) ? given.text(path.replace(`${section}.`, '--')) : undefined;
    return text === undefined ? config : setFlag(config, path, text, base);
  }, {});
  try {
    return parseConfig(mergeConfig(base, typed), 'rin sample');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.message.replaceAll(`rin sample: ${section}.`, '--'));
  }
}

/** A word that names a class of the model is that class. Other whole numbers are class numbers. */
function parseClasses(text: string | undefined, names: readonly string[]): (string | number | null)[] | undefined {
  return text?.split(',').map((part) => {
    const word = part.trim();
    if (word === '')
      throw new UsageError(`--classes ${text}: expected names or numbers separated by commas, such as cat,dog,2`);
    if (names.includes(word)) return word;
    if (word === 'none') return null;
    return /^\d+$/.test(word) ? Number(word) : word;
  });
}
