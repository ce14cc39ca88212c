import { join } from 'node:path';
import { countOf, duration, lengthOf, RinError, sizeList } from '@rin/core';
import type { Model } from '../../diffusion/modelFile.js';
import type { SampleStep } from '../../diffusion/sample.js';
import { writeOutput } from '../../disk/output.js';
import { writeAnimation } from '../../media/animation.js';
import { withFrames } from '../../media/clip.js';
import { type Presentation, presentationOf, type Sample, type View } from '../../media/presentation.js';
import { encodeSheet, frameSheet, stillSheet } from '../../media/sampleSheet.js';
import { checkWebp } from '../../media/webp.js';
import { alone, type Ranks } from '../../training/ranks.js';
import { sharedSamples } from '../../training/sharedSamples.js';
import { bar, type Screen } from '../terminal/screen.js';
import { showPicture } from '../terminal/showPicture.js';
import { formatOf, type Outputs } from './outputs.js';
import type { SampleRequest } from './sampleRequest.js';
import { seedFile } from './seeds.js';

export interface DrawOptions {
  /** how the samples of the model are shown */
  readonly shown: Presentation;
  readonly outputs: Outputs;
  /** samples denoised together */
  readonly batch: number;
  /** of the grid */
  readonly columns?: number;
  /** draw the grid in the terminal, if the terminal supports it */
  readonly show: boolean;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** is told how many samples are drawn, and written if there is a folder for them */
  readonly onWritten?: (done: number) => void;
  /** the processes that draw together; default: this one alone */
  readonly ranks?: Ranks;
}

/** Most frames of an animation before the last one, spread evenly over the steps. */
const mostFrames = 50;

/** Samples that were drawn. */
export interface Drawn {
  /** in the order of the seeds; empty if no output shows them all */
  readonly images: readonly Sample[];
  /** name of the class of each sample; empty if there are no classes */
  readonly names: readonly string[];
}

/** Draws the part of a rank above 0. It writes nothing. @param options.animates whether an animation is drawn, by rank 0 alone */
export async function helpToDraw(
  model: Model,
  { sampling, known, ...request }: SampleRequest,
  { ranks, animates, ...options }: { batch: number; signal: AbortSignal; ranks: Ranks; animates: boolean },
): Promise<void> {
  if (animates) return;
  const nothing = sharedSamples(model, { ...sampling, ...known, ...request, ...options }, ranks);
  for await (const { seed } of nothing) throw new Error(`rank ${ranks.rank} got the sample of seed ${seed}`);
}

/** Draws the samples of a request, writes the outputs except `nearest`, and prints their paths. */
export async function draw(model: Model, request: SampleRequest, options: DrawOptions): Promise<Drawn> {
  const { seeds, classes, sampling, known, given, frames: length } = request;
  const { outputs, batch, screen, signal, shown } = options;
  // The frames of an animation stay in the process that draws them.
  const ranks = outputs.animation === undefined ? (options.ranks ?? alone) : alone;
  const { format, frameRate } = outputs;
  const names = classNames(model, request);
  const { shape } = model.network.sample;
  const drawnShape = length === undefined ? shape : [shape[0], length, ...shape.slice(2)];
  checkSheets(drawnShape, seeds.length, names, options);
  const showsAll = [outputs.grid, outputs.animation, outputs.nearest].some((each) => each !== undefined);
  // The frames of later sections are white until they are drawn.
  const wholeOf = (image: Sample): Sample => (length === undefined ? image : withFrames(image, length));
  const began = performance.now();
  const images: Sample[] = [];
  const frames = new Map<number, Map<number, View>>(); // by step, then by seed
  let done = 0;
  const onStep = ({ step, steps, share: ofBatch, seeds: part, x0 }: SampleStep): void => {
    const share = Math.min(1, (done + ofBatch * part.length * ranks.count) / seeds.length);
    const seconds = (performance.now() - began) / 1000;
    screen.status(() => progressLine(share, numberOf(seeds.length, shown), seconds, screen.isLive));
    if (outputs.animation === undefined || !isShown(step, steps)) return;
    const frame = frames.get(step) ?? new Map<number, View>();
    for (const [i, image] of x0().entries()) frame.set(part[i], shown.view(wholeOf(image)));
    frames.set(step, frame);
  };
  const wanted = { ...sampling, ...known, seeds, classes, given, frames: length, batch, signal, onStep };
  const drawn = sharedSamples(model, wanted, ranks);
  for await (const { seed, image } of drawn) {
    if (outputs.folder !== undefined) {
      const bytes = await shown.encode(image, format, frameRate);
      await writeOutput(join(outputs.folder, seedFile(seed, format)), bytes);
    }
    if (showsAll) images.push(image);
    done++;
    options.onWritten?.(done);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const inOrder = [...frames.values()].map((frame) => [...frame.values()]);
  await present(images.map(shown.view), names, inOrder, options);
  const written = [outputs.folder, outputs.grid, outputs.animation].filter((path) => path !== undefined);
  screen.say(`${numberOf(seeds.length, shown)} in ${seconds} s${written.length > 0 ? `: ${written.join(', ')}` : ''}`);
  return { images, names };
}

/** Whether a step has a frame of the animation. The last step has none, because the result follows. @param steps of all sections */
function isShown(step: number, steps: number): boolean {
  const frameOf = (each: number) => Math.floor((each * mostFrames) / steps);
  return step < steps && frameOf(step) > frameOf(step - 1);
}

/** Checks before the drawing that the samples of a WebP fit into it. @throws RinError if they do not */
function checkSheets(
  shape: readonly number[],
  samples: number,
  names: readonly string[],
  { shown, outputs, columns }: DrawOptions,
): void {
  const blank = shown.view({ data: new Uint8Array(lengthOf(shape)), shape });
  const [views, layout] = [new Array<View>(samples).fill(blank), { names, columns }];
  if (outputs.grid && formatOf(outputs.grid, ['webp'])) checkWebp(frameSheet(views, layout));
  if (outputs.animation) checkWebp(stillSheet(views, shown, layout));
}

async function present(
  views: readonly View[],
  names: readonly string[],
  steps: readonly (readonly View[])[],
  { shown, outputs, columns, show, screen }: DrawOptions,
): Promise<void> {
  const layout = { names, columns };
  if (outputs.animation !== undefined) {
    const sheets = [...steps, views].map((each) => stillSheet(each, shown, layout));
    const delay = sheets.map((_, i) => (i < steps.length ? 60 : 2000)); // the result is shown for two seconds
    await writeAnimation(outputs.animation, sheets, { delay });
  }
  if (outputs.grid === undefined) return;
  const format = formatOf(outputs.grid, shown.sheet) ?? shown.sheet[0];
  await writeOutput(outputs.grid, await encodeSheet(views, shown, layout, format, outputs.frameRate));
  if (show) await showPicture(frameSheet(views, layout), screen);
}

/** How the samples of a model are shown. @throws RinError if they cannot be shown */
export function presentationOfModel({ config: { model } }: Model): Presentation {
  const shown = presentationOf(model);
  if (shown) return shown;
  throw new RinError(
    `this model makes samples of [${[model.channels, ...sizeList(model.size)].join(', ')}], which are neither pictures, clips nor sounds; call sample() in a program instead`,
  );
}

/** `1 picture`, `64 clips` */
const numberOf = (samples: number, { noun }: Presentation): string => countOf(samples, noun);

/** Name of the class of each sample; empty if there are no classes. */
function classNames({ classes: names }: Model, { classes = [] }: SampleRequest): string[] {
  return classes.map((wanted) => (typeof wanted === 'number' ? (names[wanted] ?? String(wanted)) : (wanted ?? 'none')));
}

function progressLine(share: number, what: string, seconds: number, isLive: boolean): string {
  const left = share > 0 ? (seconds * (1 - share)) / share : 0;
  const text = `drawing ${what} (${Math.floor(100 * share)}%), ${duration(left)} left`;
  return isLive ? `${bar(share)} ${text}` : text;
}
