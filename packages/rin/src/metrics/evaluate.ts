import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { count as counted, RinError } from '@rin/core';
import { SamplingConfig } from '../config/diffusion.js';
import { mergeConfig, parseConfig } from '../config/parse.js';
import type { Dataset } from '../data/dataset.js';
import type { Model } from '../diffusion/modelFile.js';
import { makeFolder } from '../disk/makeFolder.js';
import { change, writeWhole } from '../disk/wholeFiles.js';
import { mediumOf } from '../media/medium.js';
import { alone, type Ranks } from '../training/ranks.js';
import { datasetSource } from './datasetSource.js';
import type { Detector } from './detectors/detector.js';
import type { Evaluation, Protocol, Subject } from './evaluation.js';
import { type Metric, measure, metricsFor, type Terms } from './figures.js';
import { type GatherProgress, gather, type SampleSource } from './gather.js';
import { modelSource, weightsDigest } from './modelSource.js';
import { protocolGroups } from './protocolGroups.js';
import { measureReference, type Reference, readReference } from './reference.js';
import { seedText } from './seedText.js';

/** What an evaluation does now, and how far it has come. */
export interface EvaluateProgress extends GatherProgress {
  /** measuring the reference, drawing and measuring the samples, or comparing both */
  readonly stage: 'reference' | 'samples' | 'comparing';
}

/** How samples are evaluated. `steps`, `sampler`, `guidance` and so on are keys of the `sampling` section, for a model. */
export interface EvaluateOptions extends Partial<SamplingConfig> {
  /** what the samples are compared with: data of the same size, or an `.npz` with `mu` and `sigma` of the same detector */
  readonly reference: Dataset | string;
  /** an open detector; `openDetector` opens one */
  readonly detector: Detector;
  /** samples to draw, with the seeds 0, 1, …; of data, samples at even distances. Default: of a model 1,000 pictures or 256 clips, of data all */
  readonly count?: number;
  /** seeds to draw, instead of a count */
  readonly seeds?: readonly number[];
  /** metrics to measure. Default: all that detector and reference allow */
  readonly metrics?: readonly Metric[];
  /** most samples of the reference data, at even distances. Default: 50,000 pictures or 2,048 clips */
  readonly referenceCount?: number;
  /** which part of its source the reference is, for the protocol. Default: `all` */
  readonly part?: string;
  /** how the reference was scaled to its size, for the protocol. Default: `data.resize` of the model, else `unknown` */
  readonly resize?: string;
  /** what is evaluated, for the record */
  readonly subject?: Partial<Pick<Subject, 'name' | 'average' | 'images'>>;
  /** earlier evaluations; one of the same weights, protocol and metrics is the result, and nothing is drawn */
  readonly known?: readonly Evaluation[];
  /** folder in which unfinished work is kept, so that the same call goes on with it. Default: nothing is kept */
  readonly folder?: string;
  /** samples drawn and measured together. Default: 64 pictures or 16 clips */
  readonly batch?: number;
  readonly onProgress?: (progress: EvaluateProgress) => void;
  /** if it is aborted, the evaluation stops after the current step and rejects with the signal's reason */
  readonly signal?: AbortSignal;
}

/** Samples that are drawn if no number is named. Below, the kernel distance of a good model is lost in its standard error. */
export const usualCount = { picture: 1000, clip: 256 } as const;

/** Samples that are drawn and measured together if no number is named. What is lost by a kill is less than that. */
export const usualBatch = { picture: 64, clip: 16 } as const;

/** Most samples of the reference if no number is named: those of the published FID and FVD. */
export const mostReference = { picture: 50_000, clip: 2048 } as const;

/**
 * Measures samples of a model, or samples that are there already, against a reference. Samples are drawn once, batch by batch,
 * and only their features are kept. All metrics come from the same features.
 *
 * A model with classes draws them as often as the reference has them, if both have the same names; else in turn. A model with
 * given frames continues the first frames of clips of the reference. A model with a condition takes those of the reference.
 * @param samples a model, or data whose samples are evaluated
 * @returns figures with their protocol
 * @throws RinError if samples, reference and detector do not fit to each other, or there are too few samples
 * @throws the reason of `signal` if it is aborted
 */
export async function evaluate(samples: Model | Dataset, options: EvaluateOptions): Promise<Evaluation> {
  const evaluation = await evaluateAmong(alone, samples, options);
  if (!evaluation) throw new Error('rank 0 has no evaluation');
  return evaluation;
}

/**
 * As `evaluate`, in several processes, which share the blocks of samples.
 * @param ranks every one of them makes this call, with the same samples and options; `known` and `folder` count on rank 0 alone
 * @returns undefined on ranks above 0
 * @throws StoppedElsewhere if only the signal of another rank is aborted; RankError if another rank is missing
 */
export async function evaluateAmong(
  ranks: Ranks,
  samples: Model | Dataset,
  options: EvaluateOptions,
): Promise<Evaluation | undefined> {
  const { detector, reference: given, folder, signal, onProgress } = options;
  const { batch = usualBatch[detector.medium] } = options;
  checkNumbers(options);
  const prepared = 'network' in samples ? ofModel(samples, options) : ofData(samples, options);
  const { source, subject, sampling } = prepared;
  const { shape, count } = source;
  checkMedium(shape, detector);
  if (typeof given !== 'string' && given.shape.join() !== shape.join())
    throw new RinError(
      `${given.name}: its samples are [${given.shape.join(', ')}], but those to evaluate are [${shape.join(', ')}]; open the reference in the same size`,
    );
  const most = options.referenceCount ?? mostReference[detector.medium];
  const file = typeof given === 'string' ? await readReference(given, detector, shape) : undefined;
  const terms = {
    count,
    referenceCount: typeof given === 'string' ? file?.facts?.count : Math.min(most, given.length),
    hasFeatures: file ? file.features !== undefined : true,
  };
  const metrics = metricsFor(detector, terms, options.metrics); // before anything is drawn
  const told = (stage: EvaluateProgress['stage']) => (progress: GatherProgress) => onProgress?.({ stage, ...progress });
  const { part = 'all', resize = prepared.resize } = options;
  await checkSame(ranks, {
    ...{ samples: subject.digest, sampling, count, batch, metrics, detector: detector.sha256 },
    ...{ reference: typeof given === 'string' ? file?.sha256 : given.fingerprint, part, most },
  });
  const reference =
    file ??
    (await measureReference(ranks, { data: given as Dataset, part, resize, most }, detector, {
      onProgress: told('reference'),
      signal,
    }));
  const question = reference && { subject, protocol: protocolOf(detector, source, reference, sampling) };
  const before = question && options.known?.findLast((each) => isSame(each, question, metrics));
  if (await ranks.first(async () => before !== undefined)) return before;
  const work = ranks.rank === 0 && folder && question ? workFolder(folder, question, batch) : undefined;
  if (work && question) await describe(work, question);
  const gathered = await gather(ranks, source, detector, {
    ...{ block: batch, signal, onProgress: told('samples') },
    ...(work && { folder: work }),
  });
  if (!gathered || !reference || !question) {
    await ranks.first(async () => {}); // until rank 0 has compared
    return undefined;
  }
  onProgress?.({ stage: 'comparing', done: count, total: count, kept: count });
  const figures = await ranks.first(() => measure(metrics, gathered, reference, detector, { signal }));
  const notes = notesOf(terms, detector);
  return { time: new Date().toISOString(), ...question, figures, notes };
}

/** @throws RinError if this rank evaluates something else than rank 0. @param own JSON values by name */
async function checkSame(ranks: Ranks, own: Readonly<Record<string, unknown>>): Promise<void> {
  const first = await ranks.first(async () => own);
  const other = Object.keys(own).find((name) => JSON.stringify(own[name]) !== JSON.stringify(first[name]));
  if (other === undefined) return;
  throw new RinError(
    `rank ${ranks.rank} evaluates something else than rank 0 (${other}); start all with the same command, models and data`,
  );
}

/** What is evaluated, and how. */
type Question = Pick<Evaluation, 'subject' | 'protocol'>;

/** Whether an earlier evaluation answers the same question. */
const isSame = (before: Evaluation, { subject, protocol }: Question, metrics: readonly Metric[]): boolean =>
  before.subject.digest === subject.digest &&
  protocolGroups([before, { protocol }]).length === 1 &&
  metrics.every((metric) => before.figures.some((figure) => figure.metric === metric));

/** The folder of unfinished work of an evaluation: it belongs to these weights, this protocol and this batch. */
export function workFolder(folder: string, { subject: { digest }, protocol }: Question, batch: number): string {
  const key = createHash('sha256').update(JSON.stringify({ digest, protocol, batch })).digest('hex').slice(0, 12);
  return join(folder, `evaluation-${key}`);
}

/** Says what a folder of unfinished work belongs to, for people who find it. */
async function describe(folder: string, content: object): Promise<void> {
  await change('make', folder, () => makeFolder(folder));
  await writeWhole(join(folder, 'protocol.json'), `${JSON.stringify(content, null, 2)}\n`);
}

interface Prepared {
  readonly source: SampleSource;
  readonly subject: Subject;
  readonly sampling: Protocol['sampling'];
  /** how the data of the model are scaled */
  readonly resize: string;
}

function ofModel(model: Model, options: EvaluateOptions): Prepared {
  const { seeds = Array.from({ length: options.count ?? usualCount[options.detector.medium] }, (_, i) => i) } = options;
  const { subject = {}, signal } = options;
  const data = typeof options.reference === 'string' ? undefined : options.reference;
  const sampling = samplingOf(model, options);
  const { source, classes, given } = modelSource(model, { sampling, seeds, data, signal });
  const { name = model.config.name, average = 'average', images = null } = subject;
  return {
    source,
    subject: { name, average, images, digest: weightsDigest(model) },
    sampling: { ...sampling, seeds: seedText(seeds), classes, given },
    resize: model.config.data.resize,
  };
}

function ofData(data: Dataset, { count = data.length, subject, seeds, ...options }: EvaluateOptions): Prepared {
  const unused = seeds ? 'seeds' : Object.keys(samplingIn(options))[0];
  if (unused !== undefined)
    throw new RinError(`${unused}: nothing is drawn, because the samples are there already; leave ${unused} out`);
  return {
    source: datasetSource(data, count),
    subject: { name: subject?.name ?? data.name, average: null, images: null, digest: data.fingerprint },
    sampling: null,
    resize: 'unknown',
  };
}

/** The keys of `sampling` that an evaluation sets. */
const samplingIn = (options: Partial<SamplingConfig>): Partial<SamplingConfig> =>
  Object.fromEntries(
    Object.keys(SamplingConfig.shape).flatMap((key) => {
      const value = options[key as keyof SamplingConfig];
      return value === undefined ? [] : [[key, value]];
    }),
  );

/** The whole `sampling` section of an evaluation. */
const samplingOf = ({ config }: Model, options: EvaluateOptions): SamplingConfig =>
  parseConfig(mergeConfig(config, { sampling: samplingIn(options) }), 'evaluate').sampling;

function checkNumbers({ count, seeds, referenceCount, batch }: EvaluateOptions): void {
  if (seeds && count !== undefined) throw new RinError('seeds and count both say what to draw; name one of them');
  const wrong = Object.entries({ count, referenceCount, batch }).find(
    ([, value]) => value !== undefined && !(Number.isSafeInteger(value) && value >= 1),
  );
  if (wrong) throw new RinError(`${wrong[0]} ${wrong[1]}: expected a whole number, at least 1`);
}

function checkMedium(shape: readonly number[], { name, medium }: Detector): void {
  const found = mediumOf(shape);
  if (found === 'sound')
    throw new RinError('there is no detector for sounds; only pictures and clips can be evaluated');
  if (found !== medium)
    throw new RinError(`${name} is a detector of ${medium}s, but the samples are ${found}s; use another detector`);
}

function protocolOf(
  detector: Detector,
  { count, shape }: SampleSource,
  { path, sha256, facts }: Reference,
  sampling: Protocol['sampling'],
): Protocol {
  const { name, file, sha256: weights, preprocessing, medium } = detector;
  const unknown = { name: basename(path), digest: sha256, part: 'unknown', count: null, resize: 'unknown' };
  const reference = facts
    ? { name: facts.name, digest: facts.fingerprint, part: facts.part, count: facts.count, resize: facts.resize }
    : unknown;
  return {
    detector: { name, file, sha256: weights, preprocessing },
    ...{ medium, shape, quantised: 'uint8', count, reference, sampling },
  };
}

/** What a reader should know before trusting the figures. */
function notesOf({ count, referenceCount }: Terms, { features }: Detector): string[] {
  const few = Math.min(count, referenceCount ?? count);
  if (few >= features) return [];
  const which = few === count ? 'samples' : 'samples of the reference';
  return [
    `${counted(few)} ${which} are fewer than the ${counted(features)} features, so the Fréchet distance is far too large; it can only be compared at equal numbers`,
  ];
}
