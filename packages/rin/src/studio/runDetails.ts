import { join } from 'node:path';
import { conditionTokens, count, geometry, sizeList } from '@rin/core';
import type { DrawSettings, ModelChoice, NewLines, PreviewFiles, RunDetails } from '@rin/web/studio';
import type { Config } from '../config/config.js';
import { formatsOf, type MediumFormats, nounOf } from '../media/formats.js';
import { playRate } from '../media/frameRate.js';
import { mediumOf } from '../media/medium.js';
import { type ReportFacts, reportFacts } from '../report/page/reportFacts.js';
import { troubles } from '../report/page/warnings.js';
import { wholePreviews } from '../report/wholePreviews.js';
import { listCheckpoints, weightsIn } from '../runs/checkpoint.js';
import { modelName } from '../runs/namedModel.js';
import { namesIn, problemOf } from '../runs/runDirectory.js';
import { entryOf, type RunsFolder } from './runsFolder.js';

/** A run, as the page shows it: without its lines, and its lines. */
export interface ReadRun {
  readonly details: RunDetails;
  readonly stats: NewLines['stats']['lines'];
  readonly timing: NewLines['timing']['lines'];
}

/** Reads a run for the page. @param path its folder, from `runs.run` @throws RinError if it is damaged */
export async function readForPage(runs: RunsFolder, path: string): Promise<ReadRun> {
  const facts = await reportFacts(path);
  const names = await namesIn(path);
  const formats = formatsOf(facts.config.model);
  const whole = formats && wholePreviews(names, formats);
  const details: RunDetails = {
    run: facts.name,
    entry: entryOf({ ...facts, imagesPerSecond: facts.imagesPerSecond }),
    noun: nounOf(facts.config.model),
    warnings: troubles(facts),
    previews: whole?.stems.map(({ stem, images }) => ({ images, files: filesOf(stem, formats, names) })) ?? [],
    ...(whole?.hasReals && { reals: filesOf('reals', formats, names) }),
    attention: names.includes('attention') ? sheetsIn(await namesIn(join(path, 'attention'))) : [],
    models: await modelsIn(runs, path),
    ...drawingOf(facts, formats),
  };
  return {
    details,
    stats: facts.stats.map(({ images, loss, validationLoss, gradientNorm, learningRate }) => ({
      ...{ images, loss },
      ...(validationLoss !== undefined && { validationLoss }),
      ...(gradientNorm !== undefined && { gradientNorm }),
      ...(learningRate !== undefined && { learningRate }),
    })),
    timing: facts.timing.map(({ images, imagesPerSecond }) => ({
      images,
      ...(typeof imagesPerSecond === 'number' && { imagesPerSecond }),
    })),
  };
}

const sheetsIn = (names: readonly string[]): string[] =>
  names
    .filter((name) => /^\d+\.png$/.test(name))
    .sort()
    .slice(0, 16);

function filesOf(stem: string, formats: MediumFormats | undefined, names: readonly string[]): PreviewFiles {
  const there = (formats?.preview ?? []).filter((format) => names.includes(`${stem}.${format}`));
  return Object.fromEntries(there.map((format) => [format, `${stem}.${format}`]));
}

/**
 * The weights of a run: model files first, then the checkpoints, newest first. Damaged checkpoints and links out of the folder are left
 * out.
 * @param path its folder, from `runs.run`
 */
export async function modelsIn(runs: RunsFolder, path: string): Promise<ModelChoice[]> {
  const files: string[] = [];
  for (const name of await namesIn(path))
    if (name.endsWith('.safetensors') && (await runs.inside(join(path, name)))) files.push(name);
  const usual = files.includes(modelName) ? [{ id: modelName, title: 'newest model' }] : [];
  const others = files.filter((name) => name !== modelName).map((name) => ({ id: name, title: name }));
  const parts: ModelChoice[] = [];
  // The configuration and the classes come from the model, so without it a checkpoint cannot draw.
  for (const name of usual.length > 0 ? await listCheckpoints(path) : []) {
    if (!(await runs.inside(join(path, name, 'checkpoint.json')))) continue;
    const there = await weightsIn(path, name).catch((error: unknown) => {
      if (problemOf(error) === undefined) throw error;
      return [];
    });
    const images = count(Math.round(1000 * Number.parseFloat(name.replace('checkpoint-', ''))));
    for (const part of there) parts.push({ id: `${name}/${part}`, title: `${images} images, ${part}` });
  }
  return [...usual, ...others.sort((a, b) => a.id.localeCompare(b.id)), ...parts];
}

/** What the run's models offer, or why the page cannot draw with them. */
function drawingOf(
  { config, data }: Pick<ReportFacts, 'config' | 'data'>,
  formats: MediumFormats | undefined,
): Pick<RunDetails, 'drawing' | 'noDrawing'> {
  if (!formats) return { noDrawing: `Samples of ${config.model.channels} channels cannot be shown.` };
  if (config.model.givenFrames > 0)
    return { noDrawing: 'This model continues clips: draw with rin sample --given clip.gif.' };
  return { drawing: settingsOf(config, data.classes) };
}

function settingsOf(config: Config, names: readonly string[]): DrawSettings {
  const { model, sampling } = config;
  const { predicted, patch } = geometry(model);
  const { steps, sampler, guidance } = sampling;
  const shape = [model.channels, ...sizeList(model.size)];
  return {
    ...{ medium: mediumOf(shape), shape, rate: playRate(config) },
    classes: Array.from({ length: model.classes }, (_, i) => names[i] ?? String(i)),
    ...{ steps, sampler, guidance: conditionTokens(model) > 0 ? guidance : 0 },
    ...{ blocks: model.depth.length, grid: predicted.grid, slice: predicted.grid.length === 3 ? patch[0] : 1 },
  };
}
