import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RinError, sizeList, UsageError } from '@rin/core';
import type { Device } from '@rin/torch';
import type { Config } from '../../config/config.js';
import { DataConfig } from '../../config/data.js';
import { surveyClips } from '../../data/clipSurvey.js';
import type { Dataset } from '../../data/dataset.js';
import { type FoundSource, findAny } from '../../data/find.js';
import { openDataset } from '../../data/open.js';
import { surveyData } from '../../data/survey.js';
import type { Model } from '../../diffusion/modelFile.js';
import type { Subject } from '../../metrics/evaluation.js';
import { type PartName, partOf } from '../../metrics/parts.js';
import { type CheckpointPart, listCheckpoints, newestCounters, readWeights, weightsIn } from '../../runs/checkpoint.js';
import { findModel } from '../../runs/findModel.js';
import { loadModel } from '../../runs/loadModel.js';
import { modelName, namedModel } from '../../runs/namedModel.js';
import { namedRun } from '../../runs/namedRun.js';
import { openTrainingData } from '../../training/trainingData.js';
import type { EvaluateRequest } from './evaluateFlags.js';

/** What is evaluated, one set of samples at a time. */
export interface Evaluated {
  readonly samples: Model | Dataset;
  readonly subject: Pick<Subject, 'name' | 'average' | 'images'>;
  /** the model file, run or source that it comes from */
  readonly path: string;
  /** data that it is compared with; absent if a file of statistics is named */
  readonly reference?: { readonly data: Dataset; readonly part: string; readonly resize: string };
}

export interface OpenOptions {
  /** the flag `--data` */
  readonly source?: string;
  /** whether a file of statistics is named, so that no data are needed */
  readonly hasStatistics: boolean;
  /** the flag `--resize` */
  readonly resize?: string;
  /** the flag `--size` */
  readonly size?: readonly number[];
  readonly device: Device;
  readonly onNotice: (sentence: string) => void;
  readonly onProgress: Parameters<typeof openTrainingData>[2]['onProgress'];
  readonly signal: AbortSignal;
}

/**
 * Opens what an operand names: a model, a run with its checkpoints and averages, or a source of samples. What it yields is closed
 * when the next one is asked for.
 */
export async function* evaluatedOf(
  operand: string | undefined,
  request: EvaluateRequest,
  options: OpenOptions,
): AsyncGenerator<Evaluated, void, void> {
  const path = operand === undefined ? await findModel() : ((await namedRun(operand)) ?? operand);
  if (isModel(path)) yield* models(path, namedModel(path), request, options);
  else yield* source(path, request, options);
}

/** Whether a path names a model file, a folder with one, or a run, which may have none yet. */
const isModel = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? existsSync(join(path, modelName)) || existsSync(join(path, 'config.yaml'))
    : path.endsWith('.safetensors');

async function* models(
  path: string,
  file: string,
  { averages, checkpoints, part = 'training' }: EvaluateRequest,
  { source, hasStatistics, size, resize, device, onNotice, onProgress, signal }: OpenOptions,
): AsyncGenerator<Evaluated, void, void> {
  if (size !== undefined || resize !== undefined)
    throw new UsageError(`${path} is a model, which decides how its samples are scaled; leave --size and --resize out`);
  const model = await loadModel(file, { device });
  const data = hasStatistics
    ? undefined
    : await openTrainingData(file, model.config, {
        ...(source !== undefined && { source }),
        onNotice,
        onProgress,
        signal,
      });
  using _data = data;
  const reference = data && { ...referenceIn(data, part, model.config), resize: model.config.data.resize };
  const isRun = existsSync(join(dirname(file), 'config.yaml'));
  const name = isRun && path === file ? dirname(file) : path;
  const common = { samples: model, path, ...(reference && { reference }) };
  if (checkpoints === undefined && averages.join() === 'average') {
    const images = isRun ? ((await newestCounters(dirname(file)))?.images ?? null) : null;
    yield { ...common, subject: { name, average: 'average', images } };
    return;
  }
  if (!isRun) throw new UsageError(`${path}: --checkpoints and --averages need a run, and this is a model file`);
  const run = dirname(file);
  for (const checkpoint of await chosen(run, checkpoints)) {
    const there = await weightsIn(run, checkpoint);
    for (const average of averages) {
      if (!there.includes(average))
        throw new RinError(`${join(run, checkpoint)}: it has no ${average}; expected ${there.join(', ')}`);
      const read = await readWeights(run, checkpoint, average);
      load(model, read);
      yield { ...common, subject: { name, average, images: read.counters.images } };
    }
  }
}

/** Puts the weights of a checkpoint into a model. */
function load({ network }: Model, { tensors }: CheckpointPart): void {
  try {
    network.loadParameters(tensors);
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
  }
}

/** Names of the checkpoints to evaluate, the oldest first. */
async function chosen(run: string, asked: EvaluateRequest['checkpoints']): Promise<string[]> {
  const there = (await listCheckpoints(run)).reverse();
  if (there.length === 0) throw new RinError(`${run}: it has no checkpoint yet`);
  if (asked === undefined) return there.slice(-1);
  if (asked === 'all') return there;
  const label = (name: string) => name.replace(/^checkpoint-0*(?=\d)/, '');
  return asked.map((word) => {
    const found = there.find((name) => label(name) === word.replace(/^0+(?=\d)/, ''));
    if (found) return found;
    throw new RinError(`--checkpoints ${word}: ${run} has ${there.map(label).join(', ')}`);
  });
}

/** The part of the training data that is the reference, and its words for the protocol. */
function referenceIn(
  { data, trained, heldOut }: { data: Dataset; trained: Dataset; heldOut?: Dataset },
  part: PartName,
  config: Config,
): { data: Dataset; part: string } {
  if (part === 'all' || (part === 'training' && !heldOut)) return { data, part: 'all' };
  if (part === 'training') return { data: trained, part: partOf(config, part) };
  if (heldOut) return { data: heldOut, part: partOf(config, part) };
  throw new RinError(`--part held-out: this run held no samples out (training.validation 0); leave --part out`);
}

async function* source(
  path: string,
  { checkpoints, averages, part }: EvaluateRequest,
  { source: named, hasStatistics, resize, size: asked, onNotice, onProgress, signal }: OpenOptions,
): AsyncGenerator<Evaluated, void, void> {
  if (named === undefined && !hasStatistics)
    throw new UsageError(
      `${path} has samples and no model, so name what to compare them with: --data my-pictures, or --reference statistics.npz`,
    );
  if (checkpoints !== undefined || averages.join() !== 'average')
    throw new UsageError(`${path} has samples and no model; leave --checkpoints and --averages out`);
  if (part !== undefined)
    throw new UsageError(`${path} has samples and no model, which alone knows parts; leave --part out`);
  const found = await findAny(path, { onProgress, signal });
  const { channels, size } = await shapeOf(found, path, asked);
  const data = { ...DataConfig.parse({}), ...(resize !== undefined && DataConfig.parse({ resize })) };
  const open = (from: string | FoundSource) =>
    openDataset(from, { size, channels, data, onNotice, onProgress, signal });
  const samples = await open(found.medium === 'picture' ? path : found);
  const reference = named === undefined ? undefined : await open(named);
  try {
    yield {
      ...{ samples, path, subject: { name: path, average: null, images: null } },
      ...(reference && { reference: { data: reference, part: 'all', resize: data.resize } }),
    };
  } finally {
    samples.close();
    reference?.close();
  }
}

/** Channels and size of the samples of a source. @throws RinError if they differ and no size is named */
async function shapeOf(
  found: FoundSource,
  path: string,
  asked: readonly number[] | undefined,
): Promise<{ channels: number; size: readonly number[] }> {
  if (found.medium === 'sound') throw new RinError(`${path}: it has sounds; only pictures and clips can be evaluated`);
  if (found.medium === 'clip') {
    if (asked) return { channels: 3, size: asked };
    const { recordings } = await surveyClips(found);
    const sizes = new Set(recordings.map(({ frames, height, width }) => `${frames},${height},${width}`));
    return { channels: 3, size: onlySize(sizes, path, 'clips', '16,64,64') };
  }
  const { headers, pictures } = await surveyData(path);
  const channels = headers.grey === pictures ? 1 : 3;
  if (asked) return { channels, size: asked };
  const sizes = new Set([...headers.sizes.keys()].map((size) => size.split('×').reverse().join()));
  return { channels, size: onlySize(sizes, path, 'pictures', '64') };
}

function onlySize(sizes: ReadonlySet<string>, path: string, what: string, example: string): number[] {
  const [first] = sizes;
  if (first === undefined) throw new RinError(`${path}: none of its ${what} can be read`);
  if (sizes.size === 1) return first.split(',').map(Number);
  throw new RinError(
    `${path}: its ${what} have ${sizes.size} sizes, such as ${[...sizes].slice(0, 2).join(' and ')}; name one for all: --size ${example}`,
  );
}

/** The size of `--size`: `64`, or `16,64,64`. @throws UsageError if it is something else */
export function sizeGiven(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const numbers = text
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map(Number);
  if (numbers.length > 3 || numbers.some((number) => !Number.isSafeInteger(number) || number < 1))
    throw new UsageError(
      `--size ${text}: expected a number of pixels such as 64, height,width, or frames,height,width`,
    );
  return numbers.length === 1 ? sizeList(numbers[0]) : numbers;
}
