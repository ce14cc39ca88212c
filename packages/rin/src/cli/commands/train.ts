import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { isTorchError, printable, quoted, UsageError } from '@rin/core';
import type { Config } from '../../config/config.js';
import { toYaml } from '../../config/yaml.js';
import type { FoundSource } from '../../data/find.js';
import { modelName } from '../../runs/namedModel.js';
import type { InitialModel } from '../../training/initialModel.js';
import { presetNames, presetSummary } from '../../training/presets.js';
import type { Ranks } from '../../training/ranks.js';
import type { Stretch } from '../../training/trainer.js';
import { fromData } from '../configuration/fromData.js';
import { fromModel, withInitialPath } from '../configuration/fromModel.js';
import { enlargedLine, fromProposal, proposalLines } from '../configuration/fromProposal.js';
import { readLayers, resolveConfig } from '../configuration/layers.js';
import { configOptions } from '../configuration/options.js';
import type { Command, Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { dataLine, outcome, trainingLine } from '../terminal/progressLines.js';
import { amongLaunched, isFirstRank, timeoutOption } from '../terminal/rank.js';
import { Screen } from '../terminal/screen.js';
import { dryRunLines } from './dryRun.js';

export const command: Command = {
  name: 'train',
  usage: '[OPTIONS]',
  description:
    'Trains a network, or resumes the run with the same configuration and data. Ctrl-C saves and exits.\n' +
    'Settings come from the preset, then the file, then flags; later ones override earlier ones. Anything left unset takes the default in brackets.',
  examples: [
    ['rin train --data my-pictures', 'a folder; its subfolders are the classes'],
    ['rin train --data flowers.tar --size 32 --images 200k', 'another size, and a longer run'],
    ['rin train --init runs/00003-flowers-64-rin --data cats', 'fine-tuning: train the same network on other data'],
    ['rin train --config my.yaml --lr 1e-3 --dry-run', 'print the resolved configuration, and exit'],
  ],
  operands: 0,
  meant: flagFor,
  sections: [
    {
      title: 'Configuration',
      options: [
        {
          flag: '--preset',
          placeholder: 'NAME',
          description: 'configuration to start from; "list" shows all',
          notes: ['default: the configuration of the --init model, or what fits the data; no preset with --config'],
        },
        { flag: '--config', placeholder: 'FILE', description: 'YAML file, such as the config.yaml of a run' },
        ...configOptions(''),
      ],
    },
    {
      title: 'Run',
      options: [
        {
          flag: '--runs',
          placeholder: 'FOLDER',
          description: 'folder of the numbered runs',
          notes: ['default: runs'],
        },
        { flag: '--run', placeholder: 'FOLDER', description: 'folder of this run, instead of a numbered one' },
        { flag: '--new', description: 'start another run instead of resuming' },
        timeoutOption,
        {
          flag: '--dry-run',
          alias: '-n',
          description: 'print size, work, time, memory and disk, then the resolved configuration, and exit',
        },
      ],
    },
    { title: 'Model', options: configOptions('model') },
    { title: 'Diffusion', options: configOptions('diffusion') },
    { title: 'Data', options: configOptions('data') },
    {
      title: 'Training; IMAGES are images seen, such as 5000, 200k or 1.5M; SHARE% is a share of the run, such as 2%',
      options: configOptions('training'),
    },
    { title: 'Sampling of the previews, and defaults for rin sample', options: configOptions('sampling') },
  ],
  closing:
    'The same command resumes the run. It may change the keys of sampling, threads, device, micro-batch, checkpoints, previews\n' +
    'and logging. More --images make a run longer, even a finished one. Other changes start a new run.',
  run: trainCommand,
};

/** The flag that a bare argument lacks: data, unless it is a preset, a configuration file, or something with a model. */
function flagFor(argument: string): string {
  const isModel = argument.endsWith('.safetensors') || existsSync(join(argument, modelName));
  const isNumber = /^\d+$/.test(argument) && !existsSync(argument);
  if (isModel || isNumber) return `--init ${quoted(argument)}`;
  if (/\.ya?ml$/.test(argument)) return `--config ${quoted(argument)}`;
  return `--${presetNames().some((name) => name === argument) ? 'preset' : 'data'} ${quoted(argument)}`;
}

async function trainCommand(given: Given): Promise<number> {
  if (given.text('--preset') === 'list') return listPresets();
  const screen = new Screen({ silent: !isFirstRank() });
  using interruption = new Interruption(() =>
    screen.say('stopping after this step; press Ctrl-C again to stop at once'),
  );
  let isStopped = false; // by a signal that another rank got
  try {
    isStopped = !(await train(given, screen, interruption.signal));
  } catch (error) {
    const { signal } = interruption;
    if (error !== signal.reason && !(signal.aborted && isTorchError(error))) throw error; // other ranks may have ended before
    screen.say('stopped before training started');
  } finally {
    screen.clear();
  }
  return interruption.exitCode || (isStopped ? 128 + constants.signals.SIGINT : 0);
}

/** @returns whether it did all its work; false if it was stopped */
async function train(given: Given, screen: Screen, signal: AbortSignal): Promise<boolean> {
  if (given.has('--dry-run')) {
    await dryRun(given, signal);
    return true;
  }
  return amongLaunched(given, async (ranks) => {
    const { run, images, finished, config } = await trainAmong(ranks, given, screen, signal);
    screen.say(outcome({ run, images, finished }, config));
    return finished || ranks.count === 1;
  });
}

async function dryRun(given: Given, signal: AbortSignal): Promise<void> {
  const notice = (sentence: string) => console.error(printable(sentence)); // stdout is for the YAML
  const { config, source, init } = await request(await withInitialPath(given), notice, signal);
  try {
    const folder = given.text('--run') ?? given.text('--runs') ?? 'runs';
    for (const line of await dryRunLines({ config, source, init, folder })) notice(line);
  } finally {
    init?.[Symbol.dispose]();
  }
  process.stdout.write(toYaml(config));
}

async function trainAmong(
  ranks: Ranks,
  given: Given,
  screen: Screen,
  signal: AbortSignal,
): Promise<Stretch & { config: Config }> {
  const notice = (sentence: string) => screen.say(sentence);
  const { config, source, init } = await request(await withInitialPath(given), notice, signal);
  const data = source ?? config.source;
  if (data === undefined) {
    throw new UsageError(
      'there are no data: name a folder, a tar, or a built-in set ("emoji", "bouncing", "tones"), as in --data my-pictures',
    );
  }
  const { resolve } = await import('../../training/resolve.js');
  const { trainResolved } = await import('../../training/trainer.js');
  const result = await trainResolved(await resolve({ config, source: data, ...(init && { init }) }, ranks), {
    ranks,
    run: given.text('--run'),
    runsFolder: given.text('--runs'),
    fresh: given.has('--new'),
    onProgress: (progress) => screen.status(() => trainingLine(progress, screen.isLive)),
    onDataProgress: (progress) => screen.status(() => dataLine(progress)),
    log: (text) => (ranks.rank === 0 ? screen.say(text) : console.log(printable(text))),
    signal,
    openEvaluator: async (request) => {
      const { trainingEvaluator } = await import('../../metrics/trainingEvaluator.js');
      return trainingEvaluator()(request);
    },
  });
  return { ...result, config };
}

/** The request of the command line: the checked configuration, and the source and model that were opened for it. */
async function request(
  given: Given,
  notice: (sentence: string) => void,
  signal: AbortSignal,
): Promise<{ config: Config; source?: FoundSource; init?: InitialModel }> {
  const model = await fromModel(given);
  try {
    const proposal = await fromProposal(given, signal);
    const layers = readLayers(given, model?.layer ?? proposal?.proposed?.layer ?? proposal?.ofClips?.layer);
    const ofClasses = proposal?.proposed ? () => {} : notice; // the lines of the proposal count the classes
    const { layer, source } = await fromData(layers, ofClasses, signal, proposal?.source);
    const config = resolveConfig(layer ? [...layers, layer] : layers);
    if (proposal) for (const line of proposalLines(proposal, config)) notice(line);
    const enlarged = source && (await enlargedLine(source, config, signal, proposal?.proposed?.facts));
    if (enlarged !== undefined) notice(enlarged);
    return { config, ...(source && { source }), ...(model && { init: model.init }) };
  } catch (error) {
    model?.init[Symbol.dispose]();
    throw error;
  }
}

function listPresets(): number {
  const names = presetNames();
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) console.log(`${name.padEnd(width)}  ${presetSummary(name)}`);
  return 0;
}
