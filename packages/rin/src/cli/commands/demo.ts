import { join } from 'node:path';
import { printable, quoted } from '@rin/core';
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

async function demoCommand(given: Given): Promise<number> {
  const folder = given.text('--out') ?? 'demo';
  const [run, pictures, nearest] = ['run', 'pictures.png', 'nearest.png'].map((name) => join(folder, name));
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
  const outputs = ['--grid', pictures, '--animate', join(folder, 'denoising.webp'), '--nearest', nearest];
  const sampled = await call(await import('./sample.js'), [run, ...outputs, ...show]);
  if (sampled !== 0) return sampled;
  console.log(`The network memorises a part of so small a set.

Next, with a folder of your own pictures (its subfolders are the classes):

  ${calling} train --data my-pictures
  ${calling} sample

A web page that draws with this model:

  ${calling} export ${quoted(run)} --web page --serve
`);
  return 0;
}

/** One of the other commands, called as it would be typed. */
async function call({ command }: { command: Command }, args: readonly string[]): Promise<number> {
  console.log(printable(`\n$ rin ${command.name} ${args.join(' ')}`));
  return command.run(parseArguments(command, args));
}
