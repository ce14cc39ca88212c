import { join } from 'node:path';
import { printable, quoted } from '@rin/core';
import { type Dataset, sampleLength } from '../../data/dataset.js';
import { nearestSample } from '../../data/nearestSample.js';
import { openDataset } from '../../data/open.js';
import { grid } from '../../media/grid.js';
import type { Image } from '../../media/image.js';
import { writePng } from '../../media/png.js';
import { parseArguments } from '../terminal/arguments.js';
import { calling } from '../terminal/calling.js';
import type { Command, Given } from '../terminal/command.js';

export const command: Command = {
  name: 'demo',
  usage: '[OPTIONS]',
  description:
    'Trains a small network on the built-in emoji, which takes some minutes on two cores, and draws pictures.\n' +
    'The same command resumes.',
  examples: [['rin demo', 'writes the run and its pictures to the folder demo']],
  operands: 0,
  meant: (folder) => `--out ${quoted(folder)}`,
  sections: [
    {
      title: 'Output',
      options: [
        {
          flag: '--out',
          placeholder: 'FOLDER',
          description: 'folder of the run and the pictures',
          notes: ['default: demo'],
        },
        { flag: '--no-show', description: 'do not draw the pictures in the terminal' },
      ],
    },
  ],
  run: demoCommand,
};

/** Pictures of each class that are shown next to their most similar training picture. */
const pairs = 4;

async function demoCommand(given: Given): Promise<number> {
  const folder = given.text('--out') ?? 'demo';
  const [run, pictures] = [join(folder, 'run'), join(folder, 'pictures.png')];
  const trained = await call(await import('./train.js'), [
    '--preset',
    'emoji-64',
    '--training.sampleEvery',
    '0',
    '--run',
    run,
  ]);
  if (trained !== 0) return trained;
  const show = given.has('--no-show') ? ['--no-show'] : [];
  const outputs = ['--grid', pictures, '--animate', join(folder, 'denoising.webp')];
  const sampled = await call(await import('./sample.js'), [run, ...outputs, ...show]);
  if (sampled !== 0) return sampled;
  await compare(run, join(folder, 'nearest.png'));
  console.log(`
Next, with a folder of your own pictures (its subfolders are the classes):

  ${calling} train --data my-pictures
  ${calling} sample
`);
  return 0;
}

/** One of the other commands, called as it would be typed. */
async function call({ command }: { command: Command }, args: readonly string[]): Promise<number> {
  console.log(printable(`\n$ rin ${command.name} ${args.join(' ')}`));
  return command.run(parseArguments(command, args));
}

/** Draws pictures next to their most similar training pictures, because the network memorises a part of so small a set. */
async function compare(run: string, path: string): Promise<void> {
  const [{ loadModel }, { sample }] = await Promise.all([
    import('../../diffusion/modelFile.js'),
    import('../../diffusion/sample.js'),
  ]);
  const model = await loadModel(join(run, 'model.safetensors'));
  const { size, channels } = model.config.model;
  const dataset = await openDataset('emoji', { size, channels, data: model.config.data });
  try {
    const classes = model.classes.flatMap((name) => new Array<string>(pairs).fill(name));
    const seeds = classes.map((_, i) => Math.floor(i / pairs) + model.classes.length * (i % pairs));
    const images = await sample(model, { seeds, classes });
    const found = images.map((image) => nearestSample(dataset, image));
    const beside = images.flatMap((image, i) => [image, found[i].image]);
    await writePng(path, grid(beside, { columns: 2 * pairs, labels: model.classes }));
    const own = distancesAmong(dataset);
    console.log(
      `${printable(path)}: each picture has its most similar training picture on its right. Their mean distance is ` +
        `${mean(found.map(({ rmse }) => rmse)).toFixed(3)} (root mean square of pixels from 0 to 1); between training pictures it is ` +
        `${mean(own).toFixed(3)}. The network memorises a part of so small a set.`,
    );
  } finally {
    dataset.close();
  }
}

/** The distance of each training picture to its most similar other one. */
function distancesAmong(dataset: Dataset): number[] {
  return Array.from({ length: dataset.length }, (_, index) => {
    const image: Image = { data: new Uint8Array(sampleLength(dataset.shape)), shape: dataset.shape };
    dataset.read(index, image.data);
    return nearestSample(dataset, image, index).rmse;
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
