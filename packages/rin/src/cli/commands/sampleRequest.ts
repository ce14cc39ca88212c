import { ConfigError, RinError, UsageError } from '@rin/core';
import type { Config } from '../../config/config.js';
import type { SamplingConfig } from '../../config/diffusion.js';
import { mergeConfig, parseConfig } from '../../config/parse.js';
import type { TrainingConfig } from '../../config/training.js';
import type { Model } from '../../diffusion/modelFile.js';
import { flags, setFlag } from '../configuration/flags.js';
import type { Given } from '../terminal/command.js';
import { parseSeeds } from './seeds.js';

/** Which pictures are drawn, and how. */
export interface SampleRequest {
  readonly seeds: readonly number[];
  /** class of each picture, by name or number, null = none; absent where the model has none and none was asked for */
  readonly classes?: readonly (string | number | null)[];
  readonly sampling: SamplingConfig;
}

/** What was asked for, completed by what the model's configuration says. @throws {RinError} where it does not fit */
export function sampleRequest({ config, classes: names }: Model, given: Given): SampleRequest {
  const asked = parseClasses(given.text('--classes'), names);
  const known = config.model.classes;
  const groups = asked?.length ?? known;
  const seeds = parseSeeds(given.text('--seeds') ?? (groups > 0 && groups <= 16 ? `0-${8 * groups - 1}` : '0-63'));
  const classes = asked ?? (known > 0 ? seeds.map((seed) => seed % known) : undefined);
  return {
    seeds,
    ...(classes && { classes: seeds.map((_, i) => classes[i % classes.length]) }),
    sampling: withTyped(config, given, 'sampling').sampling,
  };
}

/**
 * What to say of `--guidance` on a model that did not learn to draw without a class; undefined where all is well.
 * @throws {RinError} where the model has no classes
 */
export function guidanceWarning({ config: { model, diffusion } }: Model, given: Given): string | undefined {
  const text = given.text('--guidance');
  if (text === undefined || Number(text) === 0) return undefined;
  const needs =
    'guidance needs a model trained on classes, some of the time without them (diffusion.labelDropout above 0)';
  if (model.classes === 0) throw new RinError(`--guidance ${text}: this model has no classes; ${needs}`);
  return diffusion.labelDropout > 0 ? undefined : `--guidance ${text} may do harm: ${needs}; labelDropout was 0 here`;
}

/** `--device` and `--threads`: they are those of this machine, whatever the model was trained on. */
export function sampleCompute(given: Given): Pick<TrainingConfig, 'device' | 'threads'> {
  return withTyped({ model: { size: 1, patch: 1 } }, given, 'training').training;
}

/** A configuration with the keys of a section that were typed, under their own names alone. */
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

/** A name that the model knows is that class; other numbers are numbers. */
function parseClasses(text: string | undefined, names: readonly string[]): (string | number | null)[] | undefined {
  return text?.split(',').map((part) => {
    const word = part.trim();
    if (word === '')
      throw new UsageError(`--classes ${text}: expected names or numbers with commas between, such as cat,dog,2`);
    if (names.includes(word)) return word;
    if (word === 'none') return null;
    return /^\d+$/.test(word) ? Number(word) : word;
  });
}
