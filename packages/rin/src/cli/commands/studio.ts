import { countOf, printable, UsageError } from '@rin/core';
import { allRuns } from '../../runs/summary.js';
import { computeOptions } from '../configuration/options.js';
import { calling } from '../terminal/calling.js';
import type { Command, Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { sampleCompute } from './sampleRequest.js';

const usualPort = 8090;

export const command: Command = {
  name: 'studio',
  usage: '[OPTIONS]',
  description:
    'Shows the runs of this machine on a page: curves and previews while they train, the differences of two runs, and drawing from\n' +
    'any checkpoint. It can stop a run, as Ctrl-C does. Only browsers of this machine reach it, by the link that it prints.',
  examples: [
    ['rin studio', 'the runs in runs/; open the link'],
    ['rin studio --runs /disk/runs --port 9000', 'other runs, at another port'],
  ],
  operands: 0,
  meant: (argument) => `--runs ${argument}`,
  sections: [
    {
      title: 'Options',
      options: [
        { flag: '--runs', placeholder: 'FOLDER', description: 'folder of the runs', notes: ['default: runs'] },
        {
          flag: '--port',
          placeholder: 'N',
          description: 'port of the page; if it is in use, the next free one',
          notes: ['0 to 65535; 0 = any', `default: ${usualPort}`],
        },
      ],
    },
    { title: 'Drawing', options: computeOptions() },
  ],
  closing: 'To see it from another machine, forward the port: ssh -L 8090:localhost:8090 THAT-MACHINE.',
  run: studioCommand,
};

async function studioCommand(given: Given): Promise<number> {
  const [folder, port] = [given.text('--runs') ?? 'runs', given.wholeNumber('--port', 0) ?? usualPort];
  if (port > 65_535) throw new UsageError(`--port ${port}: expected a number up to 65535`);
  const { device, threads } = sampleCompute(given);
  const { openStudio } = await import('../../studio/studio.js');
  using interruption = new Interruption(() => {});
  await using studio = await openStudio(folder, { port, device, threads });
  const runs = (await allRuns(folder)).length;
  const none = `there are no runs in ${folder} yet; train one: ${calling} train --data my-pictures`;
  console.log(printable(runs === 0 ? none : `${countOf(runs, 'run')} in ${folder}`));
  console.log(`open ${studio.url} in a browser on this machine; Ctrl-C ends the server`);
  await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve));
  return interruption.exitCode;
}
