import type { Config } from '../core/config/config.js';
import { toYaml } from '../core/config/yaml.js';
import { UsageError } from '../core/errors.js';
import type { DataProgress } from '../data/progress.js';
import { presetNames, presetSummary } from '../training/presets.js';
import type { Progress } from '../training/session.js';
import type { TrainResult } from '../training/trainer.js';
import type { Command, Given } from './command.js';
import { configOptions } from './configOptions.js';
import { defaultPreset, type Layer, merged, readLayers, resolveConfig, valueAt } from './configuration.js';
import { Interruption } from './interruption.js';
import { bar, bytes, count, duration, Screen } from './screen.js';

export const command: Command = {
  name: 'train',
  usage: '[OPTIONS]',
  description:
    'Trains a network, or goes on with the run that has the same configuration and data. Ctrl-C saves and ends.\n' +
    'The configuration: preset, then file, then flags; each wins over the one before. Defaults in brackets hold where none says.',
  examples: [
    ['rin train --data my-pictures', 'a folder; its subfolders are the classes'],
    ['rin train --data flowers.tar --size 32 --images 200k', 'another size, and a longer run'],
    ['rin train --config my.yaml --lr 1e-3 --dry-run', 'show what would be trained'],
  ],
  operands: 0,
  sections: [
    {
      title: 'Configuration',
      options: [
        {
          flag: '--preset',
          placeholder: 'NAME',
          description: 'configuration to start from; "list" shows all',
          notes: [`default: ${defaultPreset}, where there is no --config`],
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
          description: 'where numbered runs are kept',
          notes: ['default: runs'],
        },
        { flag: '--run', placeholder: 'FOLDER', description: 'folder of this run, instead of a numbered one' },
        { flag: '--new', description: 'start another run, even where there is one to go on with' },
        { flag: '--dry-run', alias: '-n', description: 'print the resolved configuration and stop' },
      ],
    },
    { title: 'Model', options: configOptions('model') },
    { title: 'Diffusion', options: configOptions('diffusion') },
    { title: 'Data', options: configOptions('data') },
    { title: 'Training; IMAGES are images seen, such as 5000, 200k or 1.5M', options: configOptions('training') },
    { title: 'Sampling, of the previews and by default of the model', options: configOptions('sampling') },
  ],
  closing: 'Same command again: the run resumes.',
  run: trainCommand,
};

async function trainCommand(given: Given): Promise<number> {
  if (given.text('--preset') === 'list') return listPresets();
  const screen = new Screen();
  using interruption = new Interruption(() => screen.say('stopping after this step; Ctrl-C again ends at once'));
  const isDryRun = given.has('--dry-run');
  const notice = (text: string) => (isDryRun ? console.error(text) : screen.say(text)); // stdout is for the YAML
  const config = resolveConfig(await withClasses(readLayers(given), notice));
  if (isDryRun) {
    process.stdout.write(toYaml(config));
    return 0;
  }
  if (config.source === undefined) {
    throw new UsageError('there are no data: give a folder, a tar, or the built-in pictures, as in --data my-pictures');
  }
  const { train } = await import('../training/trainer.js');
  try {
    const result = await train({
      config,
      data: config.source,
      run: given.text('--run'),
      runsFolder: given.text('--runs'),
      fresh: given.has('--new'),
      onProgress: (progress) => screen.status(() => trainingLine(progress, screen.isLive)),
      onDataProgress: (progress) => screen.status(() => dataLine(progress)),
      log: (text) => screen.say(text),
      signal: interruption.signal,
    });
    screen.say(outcome(result, config));
  } finally {
    screen.clear();
  }
  return interruption.exitCode;
}

function listPresets(): number {
  const names = presetNames();
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) console.log(`${name.padEnd(width)}  ${presetSummary(name)}`);
  return 0;
}

/**
 * Where neither file nor flags say how many classes there are, as many as the data have: a preset is made for other data.
 * A single class would tell the network nothing, so it counts as none.
 */
async function withClasses(layers: readonly Layer[], notice: (text: string) => void): Promise<readonly Layer[]> {
  const whole = merged(layers);
  const source = valueAt(whole, 'source');
  const isSaid = layers.some(({ from, value }) => from !== 'preset' && valueAt(value, 'model.classes') !== undefined);
  const byConditions = Number(valueAt(whole, 'model.conditionDim') ?? 0) > 0;
  if (isSaid || byConditions || typeof source !== 'string') return layers;
  const { classNames } = await import('../data/open.js');
  const names = await classNames(source);
  const classes = names.length > 1 ? names.length : 0;
  if (classes !== valueAt(whole, 'model.classes')) {
    const shown = names.length > 8 ? [...names.slice(0, 8), '…'] : names;
    notice(`model.classes: ${classes}, from the data${classes > 0 ? ` (${shown.join(', ')})` : ''}`);
  }
  return [...layers, { from: 'data', name: source, value: { model: { classes } } }];
}

function trainingLine(progress: Progress, isLive: boolean): string {
  const { images, total, loss, learningRate, imagesPerSecond, memory, sampling } = progress;
  const left = imagesPerSecond ? (total - images) / imagesPerSecond : undefined;
  const share = Math.min(1, images / total);
  const parts = [
    `${count(images)} of ${count(total)} images (${Math.floor(100 * share)}%)`,
    sampling && `drawing samples, step ${sampling.step} of ${sampling.steps}`,
    imagesPerSecond && `${imagesPerSecond.toPrecision(3)}/s`,
    loss !== null && `loss ${loss.toPrecision(3)}`,
    `rate ${learningRate.toPrecision(2)}`,
    left !== undefined && `${duration(Math.max(0, left))} left`,
    bytes(memory),
  ].filter((part) => typeof part === 'string');
  return `${isLive ? `${bar(share)} ` : ''}${parts.join(', ')}`;
}

function dataLine({ stage, done, total, skipped }: DataProgress): string {
  return `${stage} pictures: ${count(done)} of ${count(total)}${skipped > 0 ? `, ${count(skipped)} unreadable` : ''}`;
}

function outcome({ run, images, finished }: TrainResult, { training }: Config): string {
  if (run === null) return 'stopped before training began';
  if (finished) return `${run}/model.safetensors is ready; draw from it: rin sample ${run}`;
  return `stopped at ${count(images)} of ${count(training.images)} images, all saved; the same command goes on`;
}
