import { lengthOf } from '@rin/core';
import { releaseFreeMemory } from '@rin/torch';
import type { Config } from '../config/config.js';
import type { Dataset } from '../data/dataset.js';
import type { SampleOptions } from '../diffusion/sample.js';
import { writeWhole } from '../disk/wholeFiles.js';
import { type Clip, cutClip } from '../media/clip.js';
import type { MediumSample } from '../media/medium.js';
import type { Presentation, Sample } from '../media/presentation.js';
import { encodeSheet } from '../media/sampleSheet.js';
import type { Learner } from './learner.js';
import type { Layout, PreviewPlan } from './previewPlan.js';
import type { Ranks } from './ranks.js';
import { sharedSamples } from './sharedSamples.js';

/** Samples of the data in a layout: the first ones of each class. If a class has too few, they repeat. */
export function realSamples(data: Dataset, { classes }: Layout): Sample[] {
  const found = new Map<number, number[]>();
  for (const label of new Set(classes)) found.set(label, []);
  const wanted = new Map([...found.keys()].map((label) => [label, classes.filter((each) => each === label).length]));
  let missing = classes.length;
  // It ends with the last sample that is needed, because a built-in set may have millions.
  for (let index = 0; index < data.length && missing > 0; index++) {
    const label = found.has(-1) ? -1 : data.label(index);
    const members = found.get(label);
    if (!members || members.length === wanted.get(label)) continue;
    members.push(index);
    missing--;
  }
  const used = new Map<number, number>();
  return classes.map((label) => {
    const members = found.get(label) ?? [];
    const count = used.get(label) ?? 0;
    used.set(label, count + 1);
    const pixels = new Uint8Array(lengthOf(data.shape));
    if (members.length > 0) data.read(members[count % members.length], pixels);
    else pixels.fill(255);
    return { data: pixels, shape: data.shape };
  });
}

/**
 * The frames that the clips of a preview are given: the first ones of clips of the data, in the layout of the preview.
 * @param frames  `model.givenFrames`
 * @returns undefined for 0, because nothing is given then
 */
export const givenClips = (data: Dataset, layout: Layout, frames: number): Clip[] | undefined =>
  frames === 0 ? undefined : realSamples(data, layout).map((clip) => cutClip(clip, 0, frames));

/** What a preview is drawn from. */
export interface PreviewSubject {
  readonly config: Config;
  /** the samples that the run trains on */
  readonly data: Dataset;
  /** held-out samples, whose first frames a model with given frames continues; absent = none */
  readonly heldOut?: Dataset;
  readonly meanSquare: number;
  readonly learner: Learner;
}

/** The data whose clips are shown: those that the network did not see, if it continues clips and there are some. */
export const shownData = ({ config, data, heldOut }: Omit<PreviewSubject, 'learner'>): Dataset =>
  config.model.givenFrames > 0 ? (heldOut ?? data) : data;

/** Draws the samples of a preview, with the averaged weights. @returns all of them on rank 0, none on the others */
export async function drawPreview(
  subject: PreviewSubject,
  { layout, steps, batch }: PreviewPlan,
  { ranks, ...options }: { ranks: Ranks; signal?: AbortSignal; onStep?: SampleOptions['onStep'] },
): Promise<MediumSample[]> {
  const { config, data, meanSquare, learner } = subject;
  const { classes } = layout;
  const model = { config, classes: data.classes, meanSquare, network: learner.averages.main };
  const onCpu = learner.compute.device === 'cpu';
  if (onCpu) releaseFreeMemory(); // its tensors have other sizes, and would not fit into the gaps
  try {
    const drawn: MediumSample[] = [];
    const wanted = {
      seeds: [...classes.keys()],
      classes: classes.map((each) => (each < 0 ? null : each)),
      // those of the pictures at the same places of `reals.png`
      ...(data.conditionShape && { conditions: classes.map((_, i) => data.condition?.(i % data.length) ?? null) }),
      ...{ steps, batch, given: givenClips(shownData(subject), layout, config.model.givenFrames) },
      ...options,
    };
    for await (const { image } of sharedSamples(model, wanted, ranks)) drawn.push(image);
    return drawn;
  } finally {
    if (onCpu) releaseFreeMemory();
  }
}

export interface PreviewOptions {
  readonly layout: Layout;
  /** names of the classes */
  readonly names: readonly string[];
  readonly shown: Presentation;
  readonly frameRate: number;
}

/**
 * Writes samples as the files of a preview. The first file has all samples, such as all clips playing. The others have the first
 * sample of each row, such as its strip. Small samples are enlarged.
 * @param paths one for each format of previews
 */
export async function writePreview(
  paths: readonly string[],
  samples: readonly Sample[],
  { layout: { columns, classes }, names, shown, frameRate }: PreviewOptions,
): Promise<void> {
  const views = samples.map(shown.view);
  const labels = classes.filter((label) => label >= 0).map((label) => names[label] ?? String(label));
  const firstOfRow = (_: unknown, index: number) => index % columns === 0;
  for (const [i, format] of shown.preview.entries()) {
    const [part, classNames] = i === 0 ? [views, labels] : [views.filter(firstOfRow), labels.filter(firstOfRow)];
    const bytes = await encodeSheet(part, shown, { names: classNames, columns }, format, frameRate);
    await writeWhole(paths[i], bytes);
  }
}
