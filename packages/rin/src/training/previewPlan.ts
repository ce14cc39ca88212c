import { conditionTokens, count } from '@rin/core';
import type { Config } from '../config/config.js';
import type { SamplingConfig } from '../config/diffusion.js';
import { imagesOf } from '../config/duration.js';
import { passesAtOnce, samplingPasses } from '../diffusion/samplingPasses.js';
import { previewsOf } from '../runs/runDirectory.js';
import { passesOfImage } from './passes.js';

/** Largest share of the passes of training that all previews of a run take together. */
const mostShare = 0.1;

/** Rows, pictures in a row, and pictures of the largest preview. */
const [mostRows, mostColumns, mostPictures] = [16, 8, 64];

/** Rows of a preview without classes. */
const rowsWithoutClasses = 8;

/** A preview never has fewer pictures of a class, and never fewer steps unless the configuration says so. */
const [fewestColumns, fewestSteps] = [2, 10];

/** The arrangement of the samples of a preview. Each row shows one class. Without classes, all rows show any samples. */
export interface Layout {
  /** samples in a row */
  readonly columns: number;
  /** class of each sample, row by row; -1 = no class */
  readonly classes: readonly number[];
}

/** The previews of a run. They depend on the configuration alone. */
export interface PreviewPlan {
  readonly layout: Layout;
  /** the word for a sample */
  readonly noun: string;
  /** images from one preview to the next: a multiple of `training.sampleEvery`. The last preview comes at the end. */
  readonly every: number;
  /** denoising steps: `sampling.steps` or fewer */
  readonly steps: number;
  /** previews in the whole run */
  readonly number: number;
  /** passes of the network for one preview */
  readonly passes: number;
  /** passes of all previews as a share of the passes of training */
  readonly share: number;
  /** samples in one batch, at most a micro-batch */
  readonly batch: number;
}

/**
 * Plans the previews of a run. All classes are shown, up to 16, else 16 classes that are spread evenly. A preview has up to 64
 * samples. All previews together take at most a tenth of the passes of training. If they would take more, there are
 * fewer samples in a row (at least 2), or fewer rows without classes. If that is not enough, every second, third, … preview
 * is drawn. If the last preview alone takes more, it has fewer steps: at least 10, and one for each number of latents.
 * @returns undefined if the run has no previews
 */
export function planPreviews(config: Config): PreviewPlan | undefined {
  const shown = previewsOf(config);
  if (!shown) return undefined;
  const { model, training, sampling } = config;
  const { images } = training;
  const sampleEvery = imagesOf(training.sampleEvery, training);
  const isConditional = model.classes > 0;
  const passesIn = (steps: number): number => samplingPasses({ ...sampling, steps }, conditionTokens(model) > 0);
  const most = mostShare * images * passesOfImage(config);
  const numberOf = (every: number): number => Math.ceil(images / every);

  const shapes = isConditional ? shapesOf(Math.min(model.classes, mostRows)) : shapesWithoutClasses;
  const passesOf = ({ rows, columns }: Shape, steps: number): number => rows * columns * passesIn(steps);
  const fits = (shape: Shape) => numberOf(sampleEvery) * passesOf(shape, sampling.steps) <= most;
  const shape = shapes.find(fits) ?? shapes[shapes.length - 1];

  const affordable = Math.max(1, Math.floor(most / passesOf(shape, sampling.steps)));
  const every = sampleEvery * Math.ceil(numberOf(sampleEvery) / Math.min(affordable, numberOf(sampleEvery)));
  const stepsThatFit = Math.floor(most / numberOf(every) / (passesOf(shape, sampling.steps) / sampling.steps));
  const steps = Math.min(sampling.steps, Math.max(fewestSteps, listed(sampling), stepsThatFit));

  const layout = { columns: shape.columns, classes: classesOf(shape, model.classes) };
  const passes = passesOf(shape, steps);
  const share = (numberOf(every) * passes) / (images * passesOfImage(config));
  return {
    layout,
    noun: shown.noun,
    every,
    steps,
    number: numberOf(every),
    passes,
    share,
    batch: batchOf(config, layout),
  };
}

/** Steps that the lists of latents need: one for each number. */
const listed = ({ latents, guidanceLatents }: SamplingConfig): number =>
  Math.max(...[latents, guidanceLatents].map((numbers) => [numbers].flat().length));

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** Arrangements with a row for each class, the largest first. */
function shapesOf(rows: number): Shape[] {
  const most = Math.min(mostColumns, Math.floor(mostPictures / rows));
  return Array.from({ length: most - fewestColumns + 1 }, (_, i) => ({ rows, columns: most - i }));
}

/** Arrangements without classes, the largest first. */
const shapesWithoutClasses: readonly Shape[] = Array.from({ length: rowsWithoutClasses }, (_, i) => ({
  rows: rowsWithoutClasses - i,
  columns: mostColumns,
}));

/** The class of each picture. If there are more classes than rows, the first and the last class are among those shown. */
function classesOf({ rows, columns }: Shape, classes: number): number[] {
  const shown = (row: number): number =>
    classes === 0 ? -1 : rows === 1 ? 0 : Math.round((row * (classes - 1)) / (rows - 1));
  return Array.from({ length: rows * columns }, (_, i) => shown(Math.floor(i / columns)));
}

/** Pictures in one batch: all, or equal parts that need no more activations than a micro-batch. */
function batchOf({ model, training, sampling }: Config, { classes }: Layout): number {
  const micro = training.microBatch ?? training.batch;
  const most = Math.max(1, Math.floor(micro / passesAtOnce(sampling, conditionTokens(model) > 0)));
  return Math.ceil(classes.length / Math.ceil(classes.length / most));
}

/** A sentence about the previews of a run. @param names names of the classes */
export function previewLine(
  plan: PreviewPlan,
  { model, training, sampling }: Config,
  names: readonly string[],
): string {
  const { layout, noun, every, steps, number, share } = plan;
  const rows = [...new Set(layout.classes)];
  const what =
    model.classes === 0
      ? `${count(layout.classes.length)} ${noun}s`
      : rows.length < model.classes
        ? `${layout.columns} ${noun}s of each of ${rows.length} of the ${count(model.classes)} classes (${rows.map((row) => names[row] ?? row).join(', ')})`
        : `${layout.columns} ${noun}s of each class`;
  const sampleEvery = imagesOf(training.sampleEvery, training);
  const when = number > 1 ? `every ${count(every)} images and at the end` : 'at the end';
  const fewer = [
    ...(every > sampleEvery && sampleEvery < training.images
      ? [`fewer previews than training.sampleEvery ${count(sampleEvery)}`]
      : []),
    ...(steps < sampling.steps ? [`fewer steps than sampling.steps ${count(sampling.steps)}`] : []),
  ];
  const why = fewer.length > 0 ? `; ${fewer.join(' and ')}, because the run is short` : '';
  return `previews: ${what}, ${when}, in ${count(steps)} steps; about ${percent(share)} of the passes of training${why}`;
}

/** `0.3%`, `6%`, `12%` */
const percent = (share: number): string => `${Number((100 * share).toPrecision(share < 0.1 ? 1 : 2))}%`;
