import { join } from 'node:path';
import { printable, printableJson, RinError } from '@rin/core';
import type { Evaluation } from '../../metrics/evaluation.js';
import { readEvaluations, recordName } from '../../metrics/record.js';
import { checkChartName, writeChart } from '../../report/chartFile.js';
import { lossUnit } from '../../runs/lossUnit.js';
import { namedRun } from '../../runs/namedRun.js';
import { allRuns, type DamagedRun, type RunSummary, summarise } from '../../runs/summary.js';
import { calling } from '../terminal/calling.js';
import type { Command, Given } from '../terminal/command.js';
import { comparisonLines, subjectLine } from './evaluateTables.js';
import { comparison, listTable } from './runsTables.js';

export const command: Command = {
  name: 'runs',
  usage: '[RUN …] [OPTIONS]',
  description:
    'Lists the runs in runs/ with state, images and losses. With runs named by folder, name or number, it shows the keys that\n' +
    'differ, the losses at equal images seen, and the figures of rin evaluate. A file or folder that exists comes before a run of this name or number.',
  examples: [
    ['rin runs', 'one line for each run'],
    ['rin runs 3 7', 'compare runs/00003-… and runs/00007-…'],
    ['rin runs 3 7 --chart loss.svg', 'the same, with a chart of the losses'],
    ['rin runs --json', 'output for programs'],
  ],
  operands: Number.POSITIVE_INFINITY,
  sections: [
    {
      title: 'Options',
      options: [
        { flag: '--runs', placeholder: 'FOLDER', description: 'folder of the runs', notes: ['default: runs'] },
        {
          flag: '--chart',
          placeholder: 'FILE',
          description: 'draw the losses of up to 8 runs as SVG or PNG, such as loss.svg',
        },
        { flag: '--json', description: 'print JSON; for named runs, with configuration and losses' },
      ],
    },
  ],
  run: runsCommand,
};

async function runsCommand(given: Given): Promise<number> {
  const [folder, chart] = [given.text('--runs') ?? 'runs', given.text('--chart')];
  if (chart !== undefined) checkChartName(chart);
  const named = await Promise.all(given.operands.map((operand) => find(operand, folder)));
  const paths = named.length > 0 ? named : await allRuns(folder);
  const runs = await Promise.all(paths.map(summarise));
  if (chart !== undefined) await drawChart(chart, runs, named.length > 0);
  if (given.has('--json')) {
    console.log(printableJson(await Promise.all(runs.map(named.length > 0 ? detailed : brief))));
  } else if (runs.length === 0) {
    console.log(printable(`there are no runs in ${folder}; train one: ${calling} train --data my-pictures`));
  } else {
    const whole = runs.filter((run) => run.state !== 'damaged');
    const lines = [...listTable(runs), ...(named.length > 0 && whole.length > 0 ? comparison(whole) : [])];
    lines.push(...(await figureLines(whole, named.length > 0)));
    if (chart !== undefined) lines.push('', `chart: ${chart}`);
    console.log(printable(lines.join('\n')));
  }
  return 0;
}

/** Draws the losses of the runs that are not damaged. Runs that nobody named are left out if they have no loss yet. */
async function drawChart(path: string, runs: readonly (RunSummary | DamagedRun)[], areNamed: boolean): Promise<void> {
  const shown = runs.filter((run) => run.state !== 'damaged').filter(({ stats }) => areNamed || stats.length > 0);
  const { lossChart } = await import('../../report/lossChart.js');
  await writeChart(path, lossChart(shown));
}

/** The folder of a run. @param operand its path, its name in `folder`, or its number */
async function find(operand: string, folder: string): Promise<string> {
  const found = await namedRun(operand, folder);
  if (found !== undefined) return found;
  throw new RinError(`${operand}: there is no such run in ${folder}; run "${calling} runs" to list them`);
}

/** The entry of a run in the list. */
function brief(run: RunSummary | DamagedRun): object {
  if (run.state === 'damaged') return { run: run.path, state: run.state, problem: run.problem };
  const last = run.stats.at(-1);
  return {
    run: run.path,
    state: run.state,
    images: run.images,
    total: run.config.training.images,
    loss: last?.loss ?? null,
    validationLoss: last?.validationLoss ?? null,
    lossUnit: lossUnit(run.config),
    imagesPerSecond: run.imagesPerSecond,
    written: run.written.toISOString(),
    data: run.data.name,
    name: run.config.name,
  };
}

const detailed = async (run: RunSummary | DamagedRun): Promise<object> => ({
  ...brief(run),
  ...(run.state !== 'damaged' && { config: run.config, stats: run.stats, evaluations: await evaluationsOf(run) }),
});

/** Evaluations of a run by `rin evaluate`, the oldest first. */
const evaluationsOf = ({ path }: RunSummary): Promise<Evaluation[]> => readEvaluations(join(path, recordName));

/** A table of evaluations, if there are some: all of named runs, else the newest of each run. */
async function figureLines(runs: readonly RunSummary[], areNamed: boolean): Promise<string[]> {
  const found: { readonly run: RunSummary; readonly evaluation: Evaluation }[] = [];
  for (const run of runs)
    for (const evaluation of (await evaluationsOf(run)).slice(areNamed ? 0 : -1)) found.push({ run, evaluation });
  if (found.length === 0) return [];
  const names = new Map(found.map(({ run, evaluation }) => [evaluation, run.name]));
  const named = (evaluation: Evaluation) =>
    subjectLine({ subject: { ...evaluation.subject, name: names.get(evaluation) ?? evaluation.subject.name } });
  return [
    '',
    'figures of rin evaluate:',
    ...comparisonLines(
      found.map(({ evaluation }) => evaluation),
      named,
    ),
  ];
}
