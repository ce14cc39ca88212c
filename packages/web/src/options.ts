import { conditionTokens, lengthOf, RinError, type SamplerName, samplerNames } from '@rin/core';
import type { Manifest, SamplingKeys } from './manifest.js';
import type { Picture } from './picture.js';

/** The samples to draw. Keys of sampling that are left out have the values of the model's configuration. */
export interface SampleOptions extends Partial<SamplingKeys> {
  /** whole number from 0 to 2⁵³ − 1; the same seed gives the same picture in Node. Default: 0 */
  readonly seed?: number;
  /** several seeds are drawn together; replaces `seed` */
  readonly seeds?: readonly number[];
  /** Name or number of a class, null = none. Default: seed mod the number of classes */
  readonly class?: string | number | null;
  /** One for each seed, repeated; replaces `class`. */
  readonly classes?: readonly (string | number | null)[];
  /** s × d_c numbers for a model that takes condition sequences, repeated over the seeds; null = none. Default: none */
  readonly conditions?: readonly (Float32Array | null)[];
  /**
   * Clips of bytes [C, F, H, W] that a model with given frames continues, repeated over the seeds. Their last frames count.
   * Default: the clips that `rin export --web` was given
   */
  readonly given?: readonly Pick<Picture, 'data' | 'shape'>[];
  /** Frames of each result of such a model, given ones included. Default: those of the model */
  readonly frames?: number;
}

/** Checked options. */
export interface SampleRequest {
  readonly seeds: readonly number[];
  /** class of each seed, −1 = none */
  readonly labels: readonly number[];
  /** [B, s, d_c]; undefined = none */
  readonly sequences?: Float32Array;
  readonly sampling: SamplingKeys;
  readonly given: readonly Pick<Picture, 'data' | 'shape'>[];
  readonly frames?: number;
}

/** @throws RinError if an option is out of its range, or does not fit the model; the message names it */
export function readOptions(manifest: Manifest, options: SampleOptions): SampleRequest {
  const { seed = 0, seeds = [seed], class: one, classes = one === undefined ? undefined : [one] } = options;
  const { conditions, given = [], frames, ...others } = options;
  const wrong = seeds.find((each) => !Number.isSafeInteger(each) || each < 0);
  if (wrong !== undefined) throw new RinError(`seed ${wrong}: expected a whole number from 0 to 2^53 - 1`);
  if (seeds.length === 0) throw new RinError('seeds is empty; expected at least one');
  const changed = Object.entries(others).filter(([key, value]) => value !== undefined && key in ranges);
  const sampling: SamplingKeys = { ...manifest.config.sampling, ...Object.fromEntries(changed) };
  for (const [key, [isIn, range]] of Object.entries(ranges)) {
    const value: unknown = sampling[key as keyof SamplingKeys];
    if (!isIn(value)) throw new RinError(`${key} ${String(value)}: expected ${range}`);
  }
  const { model, diffusion } = manifest.config;
  const isCarried = model.selfConditioning !== 'none' && diffusion.selfConditioningRate > 0;
  if (sampling.momentum > 0 && !isCarried && options.momentum)
    throw new RinError(`momentum ${sampling.momentum}: this model carries nothing from step to step; leave it out`);
  const sequences = sequencesOf(manifest, conditions, seeds.length);
  checkGiven(manifest, given, frames);
  return {
    seeds,
    labels: seeds.map((each, i) => labelOf(manifest, classes?.[i % classes.length], each)),
    ...(sequences && { sequences }),
    sampling,
    given,
    ...(frames !== undefined && { frames }),
  };
}

type Range = readonly [(value: unknown) => boolean, string];
const number = (isIn: (value: number) => boolean, text: string): Range => [
  (value) => typeof value === 'number' && isIn(value),
  text,
];
const share = number((value) => value >= 0 && value <= 1, 'a number from 0 to 1');
const ranges: Readonly<Record<keyof SamplingKeys, Range>> = {
  steps: number((value) => Number.isSafeInteger(value) && value >= 1, 'a whole number, at least 1'),
  sampler: [(value) => samplerNames.includes(value as SamplerName), `one of ${samplerNames.join(', ')}`],
  schedule: [(value) => typeof value === 'object' && value !== null && 'kind' in value, 'a schedule with its kind'],
  guidance: number((value) => value >= 0 && value < Number.POSITIVE_INFINITY, 'a number, at least 0'),
  guidanceFrom: share,
  guidanceTo: share,
  variance: [(value) => value === 'large' || value === 'small', 'large or small'],
  eta: share,
  timeDelta: number((value) => value >= 0 && value < Number.POSITIVE_INFINITY, 'a number of steps, at least 0'),
  momentum: number((value) => value >= 0 && value < 1, 'a number from 0 to below 1'),
  clip: [(value) => typeof value === 'boolean', 'true or false'],
};

/** The number of a class given by name or number; −1 = none. */
function labelOf({ config, classes }: Manifest, wanted: string | number | null | undefined, seed: number): number {
  const count = config.model.classes;
  if (wanted === null || (count === 0 && wanted === undefined)) return -1;
  if (count === 0) throw new RinError(`class ${wanted}: this model was trained without classes; leave it out`);
  if (wanted === undefined) return seed % count;
  const found = typeof wanted === 'number' ? wanted : classes.indexOf(wanted);
  if (Number.isInteger(found) && found >= 0 && found < count) return found;
  const names = classes.length > 0 ? `: ${classes.join(', ')}` : '';
  throw new RinError(`class ${wanted}: this model has the classes 0 to ${count - 1}${names}`);
}

function sequencesOf(
  { config: { model } }: Manifest,
  conditions: SampleOptions['conditions'],
  samples: number,
): Float32Array | undefined {
  if (conditions === undefined) return undefined;
  const length = model.conditionDim * conditionTokens(model);
  if (model.conditionDim === 0)
    throw new RinError('conditions: this model takes no sequences as condition; leave them out');
  if (conditions.length === 0) throw new RinError('conditions is empty; expected at least one, or leave it out');
  const all = new Float32Array(samples * length);
  for (let i = 0; i < samples; i++) {
    const each = conditions[i % conditions.length];
    if (!each) continue;
    if (each.length !== length || !each.every(Number.isFinite))
      throw new RinError(`conditions: a sequence has ${each.length} numbers; expected ${length} finite ones`);
    all.set(each, i * length);
  }
  return all;
}

function checkGiven({ config: { model } }: Manifest, given: SampleRequest['given'], frames: number | undefined): void {
  const { givenFrames: count = 0, channels } = model;
  if (count === 0) {
    if (given.length === 0 && frames === undefined) return;
    throw new RinError(
      `${given.length > 0 ? 'given' : 'frames'}: this model was trained without given frames, so it continues no clip`,
    );
  }
  if (given.length === 0) throw new RinError(`this model continues clips: give it one of at least ${count} frames`);
  if (frames !== undefined && (!Number.isSafeInteger(frames) || frames <= count))
    throw new RinError(`frames ${frames}: expected a whole number above ${count}, the given frames`);
  const [, height, width] = model.size as readonly number[];
  for (const { data, shape } of given) {
    const wanted = [channels, shape[1], height, width];
    if (shape.join() !== wanted.join() || shape[1] < count || data.length !== lengthOf(wanted))
      throw new RinError(
        `given: a clip is [${shape.join(', ')}]; expected [${channels}, at least ${count}, ${height}, ${width}]`,
      );
  }
}
