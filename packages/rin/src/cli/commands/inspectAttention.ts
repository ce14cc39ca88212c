import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { count, countOf, printableJson, RinError, UsageError } from '@rin/core';
import type { Dataset } from '../../data/dataset.js';
import type { Model } from '../../diffusion/modelFile.js';
import { makeFolder } from '../../disk/makeFolder.js';
import { writeOutput } from '../../disk/output.js';
import type { DataAttentionOptions, SampleAttentionSteps } from '../../inspect/attention.js';
import { type AttentionNumbers, attentionNumbers } from '../../inspect/attentionNumbers.js';
import { nounOf } from '../../media/formats.js';
import { presetNames } from '../../training/presets.js';
import { Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { Screen } from '../terminal/screen.js';
import { attentionTable } from './attentionTable.js';
import { continuedClips } from './continued.js';
import { presentationOfModel } from './draw.js';
import { modelNamed } from './sampleHint.js';
import { guidanceWarning, latentsWarning, sampleCompute, sampleRequest, samplingLine } from './sampleRequest.js';
import { parseSeeds, seedFile } from './seeds.js';

/** Most samples in an animation, and most steps of it and of a table. */
const [mostAnimated, mostFrames, usualSteps] = [8, 50, 6];

/** What is looked at. */
type Asked = Pick<DataAttentionOptions, 'kind' | 'blocks' | 'latent' | 'head' | 'unlabelled'>;

/** `rin inspect MODEL --attention` @returns the exit code */
export async function inspectAttention(given: Given): Promise<number> {
  const screen = new Screen();
  using interruption = new Interruption(() => {});
  const { signal } = interruption;
  const asked = askedOf(given);
  const [folder, batch] = [given.text('--out') ?? 'attention', given.wholeNumber('--batch', 1) ?? 64];
  const { device, threads } = sampleCompute(given);
  const path = await modelNamed(weighted(given.operands[0]));
  const [{ loadModel }, { chooseCompute, useThreads }] = await Promise.all([
    import('../../diffusion/modelFile.js'),
    import('../../training/resources/compute.js'),
  ]);
  useThreads(threads);
  const model = await loadModel(path, { device: chooseCompute({ device, precision: 'float32' }).device });
  presentationOfModel(model); // samples that cannot be shown end here
  if (!given.has('--json')) screen.say(`model: ${path}`);
  const looking = { model, given, asked, batch, screen, signal };
  try {
    const { found, at, numbers, what } = await (given.has('--data') ? lookAtData(looking) : lookAtSamples(looking));
    const written = await writeSheets(found, at, folder, given.has('--data'));
    if (given.has('--json')) screen.say(printableJson({ model: path, files: written, kind: asked.kind, numbers }));
    else {
      screen.say(attentionTable(numbers, what, asked).join('\n'));
      screen.say(`\n${written.length > 4 ? `${countOf(written.length, 'file')} in ${folder}` : written.join(', ')}`);
    }
  } catch (error) {
    if (error !== signal.reason) throw error;
    screen.say('stopped; nothing was written');
  } finally {
    screen.clear();
  }
  return interruption.exitCode;
}

/** @throws RinError if a name is that of a preset or a configuration, which have no weights */
function weighted(name: string | undefined): string | undefined {
  if (name !== undefined && !existsSync(name) && presetNames().some((each) => each === name))
    throw new RinError(`${name}: a preset has no weights, so there is no attention to see; name a model or a run`);
  if (name !== undefined && /\.ya?ml$/i.test(name))
    throw new RinError(
      `${name}: a configuration has no weights, so there is no attention to see; name a model or a run`,
    );
  return name;
}

function askedOf(given: Given): Asked {
  const block = given.text('--block') === 'all' ? undefined : given.wholeNumber('--block', 0);
  const [latent, head] = [given.wholeNumber('--latent', 0), given.wholeNumber('--head', 0)];
  return {
    kind: given.has('--write') ? 'write' : 'read',
    ...(block !== undefined && { blocks: [block] }),
    ...{ ...(latent !== undefined && { latent }), ...(head !== undefined && { head }) },
    unlabelled: given.has('--unlabelled'),
  };
}

interface Looking {
  readonly model: Model;
  readonly given: Given;
  readonly asked: Asked;
  readonly batch: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

interface Looked {
  readonly found: readonly SampleAttentionSteps[];
  /** steps of the sheets and the table */
  readonly at: readonly number[];
  readonly numbers: readonly AttentionNumbers[];
  /** `4 drawn pictures` */
  readonly what: string;
}

/** Some numbers from 1 to `steps`, spread evenly; the first and the last are among them. */
const spread = (steps: number, most: number): number[] => {
  const count = Math.min(steps, most);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? steps : 1 + Math.round((i * (steps - 1)) / (count - 1)),
  );
};

/** `--at` @throws UsageError if it is no list of steps */
function stepsGiven(given: Given, steps: number): number[] {
  const text = given.text('--at');
  if (text === undefined) return spread(steps, usualSteps);
  try {
    return [...parseSeeds(text)].sort((a, b) => a - b);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`--at ${text}: expected steps such as 1,10-12, from 1 to ${steps}`);
  }
}

const withSeeds = (given: Given, seeds: string): Given =>
  new Given(new Map([['--seeds', seeds], ...given.flags]), given.operands);

async function lookAtSamples({ model, given, asked, batch, screen, signal }: Looking): Promise<Looked> {
  const { sampleAttention } = await import('../../inspect/attention.js');
  const { classes } = model.config.model;
  const clips = await continuedClips(model, given);
  const usual = clips ? `0-${clips.length - 1}` : `0-${classes > 0 ? Math.min(classes, 8) - 1 : 3}`;
  const request = sampleRequest(model, withSeeds(given, usual), clips);
  const { sampling, seeds } = request;
  for (const warning of [guidanceWarning(model, given), latentsWarning(model.config, sampling)])
    if (warning !== undefined && !given.has('--json')) screen.say(warning);
  const at = stepsGiven(given, sampling.steps);
  const all = [...new Set([...at, ...spread(sampling.steps, mostFrames)])];
  if (!given.has('--json')) screen.say(samplingLine(sampling, classes > 0));
  const found = await sampleAttention(model, {
    ...{ ...sampling, ...asked, seeds, classes: request.classes, given: request.given, at: all, batch, signal },
    onStep: ({ step, steps }) => screen.status(() => `looking at step ${step} of ${steps}`),
  });
  const what = `${count(seeds.length)} drawn ${nounOf(model.config.model)}${seeds.length === 1 ? '' : 's'}`;
  return { found, at, numbers: attentionNumbers(withSteps(found, at)), what };
}

async function lookAtData({ model, given, asked, batch, screen, signal }: Looking): Promise<Looked> {
  const source = given.text('--data') ?? '';
  const idle = ['--classes', '--given'].find((flag) => given.has(flag));
  if (idle !== undefined)
    throw new UsageError(`${idle} is for drawn samples, but --data brings its own; leave ${idle} or --data out`);
  const [{ dataAttention }, { openDataset }, { openObjects }, { spreadIndices }, { dataLine }] = await Promise.all([
    import('../../inspect/attention.js'),
    import('../../data/open.js'),
    import('../../inspect/objects.js'),
    import('../../data/spreadOver.js'),
    import('../terminal/progressLines.js'),
  ]);
  const { channels } = model.config.model;
  const [, ...size] = model.network.sample.shape;
  const watch = {
    onProgress: (progress: Parameters<typeof dataLine>[0]) => screen.status(() => dataLine(progress)),
    onNotice: (sentence: string) => {
      if (!given.has('--json')) screen.say(sentence);
    },
    signal,
  };
  const data: Dataset = await openDataset(source, { size, channels, data: model.config.data, ...watch });
  try {
    const text = given.text('--seeds');
    const numbers = text === undefined ? spreadIndices(data.length, 8) : parseSeeds(text);
    const { sampling } = sampleRequest(model, withSeeds(given, '0'));
    const at = stepsGiven(given, sampling.steps);
    using objects = await openObjects(source, data, model.config, watch);
    const found = await dataAttention(model, data, {
      ...{ ...sampling, ...asked, samples: numbers, at, batch, signal },
      onProgress: (share) => screen.status(() => `looking at ${data.name} (${Math.floor(100 * share)}%)`),
    });
    const what = `${countOf(numbers.length, nounOf(model.config.model))} of ${data.name} with noise`;
    return { found, at, numbers: attentionNumbers(found, objects), what };
  } finally {
    data.close();
  }
}

const withSteps = (found: readonly SampleAttentionSteps[], at: readonly number[]): SampleAttentionSteps[] =>
  found.map(({ steps, ...each }) => ({ ...each, steps: steps.filter(({ step }) => at.includes(step)) }));

/** Writes the sheets and the animation. @returns their paths */
async function writeSheets(
  found: readonly SampleAttentionSteps[],
  at: readonly number[],
  folder: string,
  isData: boolean,
): Promise<string[]> {
  const [{ attentionFrames, attentionSheet }, { encodePng }, { writeAnimation }] = await Promise.all([
    import('../../report/attentionSheet.js'),
    import('../../media/png.js'),
    import('../../media/animation.js'),
  ]);
  const below = isData ? 'image' : 'x0';
  await makeFolder(folder);
  const written: string[] = [];
  for (const sample of withSteps(found, at)) {
    const path = join(folder, seedFile(sample.seed, 'png'));
    await writeOutput(path, await encodePng(attentionSheet(sample, { below })));
    written.push(path);
  }
  if (isData) return written;
  const frames = attentionFrames(found.slice(0, mostAnimated), { below });
  const path = join(folder, 'attention.webp');
  const delay = frames.map((_, i) => (i < frames.length - 1 ? 100 : 2000)); // the result is shown for two seconds
  await writeAnimation(path, frames, { delay });
  return [...written, path];
}
