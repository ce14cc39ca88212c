import { RinError } from '@rin/core';
import { noGrad, scope, type Tensor } from '@rin/torch';
import type { Config } from '../config/config.js';
import type { SamplingConfig } from '../config/diffusion.js';
import { nearest } from '../config/nearest.js';
import { mergeConfig, parseConfig } from '../config/parse.js';
import { sampleLength } from '../data/dataset.js';
import type { Image } from '../media/image.js';
import type { Model } from './modelFile.js';
import { oneHot } from './oneHot.js';
import { toPixels } from './process.js';
import { denoise } from './samplers.js';

/** Where `sample` stands, after each of its steps. */
export interface SampleStep {
  readonly step: number;
  readonly steps: number;
  /** Signal level γ that the step started from. */
  readonly gamma: number;
  /** The seeds of the pictures at hand, a part of all where there are more than `batch`. */
  readonly seeds: readonly number[];
  /** The estimates x̂₀ of the finished pictures; made when called, during `onStep` only. */
  readonly estimates: () => Image[];
}

/** What `sample` draws, and how; `steps`, `sampler`, `schedule`, `guidance` and so on as in the `sampling` section. */
export interface SampleOptions extends Partial<SamplingConfig> {
  /** One picture each: integers from 0 to 2⁵³ − 1. The same seed gives the same picture, whatever the others are. */
  readonly seeds: readonly number[];
  /** Names or numbers, repeated over the seeds; null = without a class. Default: class number seed mod classes. */
  readonly classes?: readonly (string | number | null)[];
  /** Pictures denoised together. Default 64 */
  readonly batch?: number;
  readonly onStep?: (step: SampleStep) => void;
  /** When aborted, `sample` ends with its reason after the step at hand. */
  readonly signal?: AbortSignal;
}

/**
 * New pictures from a model. What is not given comes from the `sampling` section of its configuration.
 * @returns one uint8 picture [C, ...size] for each seed, in their order
 * @throws RinError for a class that the model does not know, a seed that is none, or an option out of its range; or where the
 *     network's output is not finite
 */
export async function sample(model: Model, options: SampleOptions): Promise<Image[]> {
  const { seeds, classes, batch = 64, onStep, signal, ...changed } = options;
  const sampling = changedSampling(model.config, changed);
  checkCounts(seeds, batch);
  const labels = seeds.map((seed, i) => classOf(model, classes?.[i % classes.length], seed));
  const images: Image[] = [];
  for (let start = 0; start < seeds.length; start += batch) {
    const part = seeds.slice(start, start + batch);
    using condition = oneHot(model.network, labels.slice(start, start + batch));
    using x = await denoise(model.network, model.config.diffusion, sampling, {
      seeds: part,
      condition,
      meanSquare: model.meanSquare,
      ...(signal && { signal }),
      onStep: ({ step, steps, gamma, estimate }) =>
        onStep?.({ step, steps, gamma, seeds: part, estimates: () => toImages(estimate, model) }),
    });
    images.push(...toImages(x, model));
  }
  return images;
}

/** The `sampling` section with what the caller changed, checked like any configuration. */
function changedSampling(config: Config, changed: Partial<SamplingConfig>): SamplingConfig {
  const given = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
  return parseConfig(mergeConfig(config, { sampling: given }), 'sample').sampling;
}

function checkCounts(seeds: readonly number[], batch: number): void {
  const wrong = seeds.find((seed) => !Number.isSafeInteger(seed) || seed < 0);
  if (wrong !== undefined) throw new RinError(`seed ${wrong}: expected a whole number from 0 to 2^53 - 1`);
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw new RinError(`batch ${batch}: expected a whole number from 1 on`);
}

/** The number of a class given by name or number; −1 = none. */
function classOf({ config, classes }: Model, wanted: string | number | null | undefined, seed: number): number {
  const count = config.model.classes;
  if (wanted === null) return -1;
  if (count === 0) {
    if (wanted === undefined) return -1;
    throw new RinError(`class ${wanted}: this model was trained without classes; leave the classes out`);
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

function toImages(x: Tensor, { config, network }: Model): Image[] {
  using pixels = scope(() => noGrad(() => toPixels(x, config.diffusion.inputScale)));
  const data = pixels.toTypedArray() as Uint8Array;
  const { shape } = network.sample;
  const length = sampleLength(shape);
  return Array.from({ length: x.shape[0] }, (_, i) => ({ data: data.slice(i * length, (i + 1) * length), shape }));
}
