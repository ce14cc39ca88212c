import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bytes, count, printable, RinError, UsageError } from '@rin/core';
import { writeOutput } from '../../disk/output.js';
import { namedRun } from '../../runs/namedRun.js';
import { listRuns } from '../../runs/runDirectory.js';
import { calling } from '../terminal/calling.js';
import type { Command, Given } from '../terminal/command.js';
import { makeFileReady } from './outputs.js';

const usualName = 'report.html';

export const command: Command = {
  name: 'report',
  usage: '[RUN] [OPTIONS]',
  description:
    'Writes a page about a run: what is unusual, curves, previews over time, data, network, machine and configuration.\n' +
    'The page is one HTML file that needs no network. Without a name it is about the newest run in runs/.',
  examples: [
    ['rin report', 'the newest run; the page is report.html in its folder'],
    ['rin report 3 --out flowers.html', 'runs/00003-…'],
  ],
  operands: 1,
  sections: [
    {
      title: 'Options',
      options: [
        {
          flag: '--out',
          placeholder: 'FILE',
          description: 'the page, a name that ends with .html',
          notes: [`default: ${usualName} in the folder of the run`],
        },
        { flag: '--runs', placeholder: 'FOLDER', description: 'folder of the runs', notes: ['default: runs'] },
      ],
    },
  ],
  run: reportCommand,
};

async function reportCommand(given: Given): Promise<number> {
  const [folder, out] = [given.text('--runs') ?? 'runs', given.text('--out')];
  if (out !== undefined && !/\.html?$/i.test(out))
    throw new UsageError(`--out ${out}: expected the name of an HTML file, such as ${usualName}`);
  const path = await find(given.operands[0], folder);
  const { runReport } = await import('../../report/page/runReport.js');
  const file = out ?? join(path, usualName);
  await makeFileReady(file);
  const { html, previews, warnings } = await runReport(path);
  const content = Buffer.from(html);
  await writeOutput(file, content);
  const shown = previews.all === previews.shown ? count(previews.all) : `${previews.shown} of ${count(previews.all)}`;
  const lines = [...warnings, `report of ${basename(path)}: ${file} (${bytes(content.length)}, ${shown} previews)`];
  console.log(printable(lines.join('\n')));
  return 0;
}

/** The folder of a run: the one that the user names, or the newest. */
async function find(operand: string | undefined, folder: string): Promise<string> {
  const found = operand === undefined ? (await listRuns(folder))[0]?.path : await namedRun(operand, folder);
  if (found !== undefined && !statSync(found).isDirectory())
    throw new RinError(`${found}: it is a file; name the folder of a run`);
  if (found !== undefined) return found;
  if (operand === undefined)
    throw new RinError(`there are no runs in ${folder}; train one: ${calling} train --data my-pictures`);
  throw new RinError(`${operand}: there is no such run in ${folder}; run "${calling} runs" to list them`);
}
