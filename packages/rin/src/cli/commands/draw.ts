import { join } from 'node:path';
import { arePictures, count, duration, RinError, sizeList } from '@rin/core';
import type { Model } from '../../diffusion/modelFile.js';
import { samples } from '../../diffusion/sample.js';
import { writeAnimation } from '../../media/animation.js';
import type { Image } from '../../media/image.js';
import { writePng } from '../../media/png.js';
import { Sheet } from '../../media/sheet.js';
import { bar, type Screen } from '../terminal/screen.js';
import { showPicture } from '../terminal/showPicture.js';
import type { Outputs } from './outputs.js';
import type { SampleRequest } from './sampleRequest.js';
import { seedFile } from './seeds.js';

export interface DrawOptions {
  readonly outputs: Outputs;
  /** pictures denoised together */
  readonly batch: number;
  /** of the grid */
  readonly columns?: number;
  /** draw the grid in the terminal, if the terminal supports it */
  readonly show: boolean;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Most frames of an animation before the last one, spread evenly over the steps. */
const mostFrames = 50;

/** Pictures that were drawn. */
export interface Drawn {
  /** in the order of the seeds; empty if no output shows them all */
  readonly images: readonly Image[];
  /** name of the class of each picture; empty if there are no classes */
  readonly names: readonly string[];
}

/** Samples the pictures of a request, writes the outputs except `nearest`, and prints their paths. */
export async function draw(model: Model, request: SampleRequest, options: DrawOptions): Promise<Drawn> {
  checkPictures(model);
  const { seeds, classes, sampling } = request;
  const { outputs, batch, screen, signal } = options;
  const showsAll = [outputs.grid, outputs.animation, outputs.nearest].some((each) => each !== undefined);
  const frameOf = (step: number) => Math.floor((step * mostFrames) / sampling.steps);
  const isFrame = (step: number) => step < sampling.steps && frameOf(step) > frameOf(step - 1);
  const began = performance.now();
  const images: Image[] = [];
  const frames = new Map<number, Map<number, Image>>(); // by step, then by seed
  let done = 0;
  const drawn = samples(model, {
    ...{ ...sampling, seeds, classes, batch, signal },
    onStep: ({ step, evaluation, evaluations, seeds: part, x0 }) => {
      const share = (done + (evaluation / evaluations) * part.length) / seeds.length;
      screen.status(() => progressLine(share, seeds.length, (performance.now() - began) / 1000, screen.isLive));
      if (outputs.animation === undefined || !isFrame(step)) return;
      const frame = frames.get(step) ?? new Map<number, Image>();
      for (const [i, image] of x0().entries()) frame.set(part[i], image);
      frames.set(step, frame);
    },
  });
  for await (const { seed, image } of drawn) {
    if (outputs.folder !== undefined) await writePng(join(outputs.folder, seedFile(seed)), image);
    if (showsAll) images.push(image);
    done++;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const names = classNames(model, request);
  const sheet = new Sheet(seeds.length, names, options.columns);
  const inOrder = [...frames.values()].map((frame) => [...frame.values()]);
  await present(sheet, images, inOrder, options);
  const pictures = seeds.length === 1 ? '1 picture' : `${count(seeds.length)} pictures`;
  const written = [outputs.folder, outputs.grid, outputs.animation].filter((path) => path !== undefined);
  screen.say(`${pictures} in ${seconds} s${written.length > 0 ? `: ${written.join(', ')}` : ''}`);
  return { images, names };
}

async function present(
  sheet: Sheet,
  images: readonly Image[],
  frames: readonly (readonly Image[])[],
  { outputs, show, screen }: DrawOptions,
): Promise<void> {
  if (outputs.animation !== undefined) {
    const sheets = [...frames, images].map((frame) => sheet.draw(frame));
    const delay = sheets.map((_, i) => (i < frames.length ? 60 : 2000)); // the result is shown for two seconds
    await writeAnimation(outputs.animation, sheets, { delay });
  }
  if (outputs.grid === undefined) return;
  const grid = sheet.draw(images);
  await writePng(outputs.grid, grid);
  if (show) await showPicture(grid, screen);
}

/** Name of the class of each picture; empty if there are no classes. */
function classNames({ classes: names }: Model, { classes = [] }: SampleRequest): string[] {
  return classes.map((wanted) => (typeof wanted === 'number' ? (names[wanted] ?? String(wanted)) : (wanted ?? 'none')));
}

function checkPictures({ config: { model } }: Model): void {
  if (arePictures(model)) return;
  throw new RinError(
    `this model makes samples of [${[model.channels, ...sizeList(model.size)].join(', ')}], which are not pictures; call sample() in a program instead`,
  );
}

function progressLine(share: number, pictures: number, seconds: number, isLive: boolean): string {
  const left = share > 0 ? (seconds * (1 - share)) / share : 0;
  const text = `drawing ${count(pictures)} pictures (${Math.floor(100 * share)}%), ${duration(left)} left`;
  return isLive ? `${bar(share)} ${text}` : text;
}
