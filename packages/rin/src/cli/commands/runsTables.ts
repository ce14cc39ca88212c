import { count, printableLine } from '@rin/core';
import { comparability, differences, lossRows } from '../../runs/compare.js';
import { unitGroups, unitSign, unitText } from '../../runs/lossUnit.js';
import type { DamagedRun, RunSummary } from '../../runs/summary.js';
import { textTable } from '../terminal/textTable.js';

const none = '–';

/** One line for each run, then the meaning of the signs at losses, then the problems of damaged runs. */
export function listTable(runs: readonly (RunSummary | DamagedRun)[]): string[] {
  const headings = ['run', 'state', 'images', 'of', 'loss', 'validation', 'images/s', 'written', 'data', 'name'];
  const { signs, notes } = lossSigns(runs.filter((run) => run.state !== 'damaged'));
  const rows = runs.map((run) =>
    run.state === 'damaged' ? damagedRow(run, headings.length) : row(run, signs.get(run) ?? ''),
  );
  const problems = runs.flatMap((run) => (run.state === 'damaged' ? `${run.path}: ${run.problem}` : []));
  const table = safeTable([headings, ...rows], ['run', 'state', 'written', 'data', 'name']);
  return [...table, ...[notes, problems].flatMap((lines) => (lines.length > 0 ? ['', ...lines] : []))];
}

/** Signs at the losses in a unit that most runs do not have, and a line for each sign. A space keeps the others aligned. */
function lossSigns(runs: readonly RunSummary[]): { signs: Map<RunSummary, string>; notes: string[] } {
  const told = runs.filter(({ stats }) => stats.length > 0);
  const groups = unitGroups(told.map(({ config }) => config));
  if (groups.length < 2) return { signs: new Map(), notes: [] };
  const signs = groups.flatMap(({ members }, group) =>
    members.map((index) => [told[index], unitSign(group) || ' '] as const),
  );
  const notes = groups.map((group, i) => `${unitSign(i)} another unit of loss, not comparable: ${unitText(group)}`);
  return { signs: new Map(signs), notes: notes.slice(1) };
}

function row(run: RunSummary, sign: string): string[] {
  const { name, state, config, data, images, stats, imagesPerSecond, written } = run;
  const last = stats.at(-1);
  return [
    ...[name, state, count(images), count(config.training.images)],
    ...[signed(last?.loss, sign), signed(last?.validationLoss, sign), number(imagesPerSecond)],
    ...[dateAndTime(written), data.name, config.name],
  ];
}

const damagedRow = ({ name, state }: DamagedRun, length: number): string[] => [
  ...[name, state],
  ...new Array<string>(length - 2).fill(none),
];

const signed = (value: number | undefined, sign: string): string =>
  value === undefined ? `${none}${sign && ' '}` : `${number(value)}${sign}`;

/** The keys in which runs differ, and their losses at equal images seen. */
export function comparison(runs: readonly RunSummary[]): string[] {
  const names = runs.map(({ name }) => name);
  const different = differences(runs).map(({ key, values }) => [key, ...values.map(value)]);
  const rows = lossRows(runs);
  const warning = comparability(runs);
  const losses = (title: string, of: (row: (typeof rows)[number]) => readonly (number | null)[]) => {
    const told = rows.filter((row) => of(row).some((loss) => loss !== null));
    if (told.length === 0) return [];
    const table = told.map((row) => [count(row.images), ...of(row).map(number)]);
    return ['', `${title}, mean since the previous line:`, ...safeTable([['images', ...names], ...table], [])];
  };
  return [
    ...(different.length > 0
      ? ['', ...safeTable([['differs in', ...names], ...different], ['differs in', ...names])]
      : []),
    ...(warning === undefined ? [] : ['', warning]),
    ...losses('loss', (row) => row.loss),
    ...losses('loss on held-out data', (row) => row.validationLoss),
  ];
}

/** Names of runs and data may contain any character. Each cell stays on its line. */
const safeTable = (rows: readonly (readonly string[])[], left: readonly string[]): string[] =>
  textTable(
    rows.map((cells) => cells.map(printableLine)),
    left.map(printableLine),
  );

const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? none : value < 100 ? value.toPrecision(3) : count(Math.round(value));

const value = (found: unknown): string =>
  found === undefined ? none : typeof found === 'string' ? found : JSON.stringify(found);

/** `2026-03-31 18:05`, local time */
function dateAndTime(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
