import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bytes, count, RinError, sizeList } from '@rin/core';
import { inspect } from '../../inspect/inspection.js';
import { nounOf } from '../../media/formats.js';
import { problemOf } from '../../runs/runDirectory.js';
import { element, escaped } from '../svg.js';
import { attentionSheets } from './attentionSheets.js';
import { configurationSection } from './configurationSection.js';
import { curves } from './curves.js';
import { dataSection, overview } from './dataSection.js';
import { Embedded } from './embedded.js';
import { section } from './html.js';
import { machineSection, networkSection } from './machineSection.js';
import { metricsSection } from './metricsSection.js';
import { type Previews, previews } from './previews.js';
import { type ReportFacts, reportFacts } from './reportFacts.js';
import { warnings } from './warnings.js';
import { when } from './words.js';

const pageFile = (name: string): string =>
  readFileSync(new URL(`../../../../page/${name}`, import.meta.url), 'utf8').trim();

/** The page of a run. */
export interface RunReport {
  /** a whole file of HTML, which needs no other file and no network */
  readonly html: string;
  /** previews on the page, and in the folder of the run */
  readonly previews: { readonly shown: number; readonly all: number };
  readonly warnings: readonly string[];
}

/**
 * Makes a page about a run: warnings, curves, previews, attention, metrics, data, network, machine and configuration. At
 * most 12 previews and 4 sheets of attention are embedded.
 * @param path folder of the run
 * @throws RinError if it is not a run, or if it is damaged
 */
export async function runReport(path: string): Promise<RunReport> {
  const facts = await readWhole(path);
  const embedded = new Embedded();
  const drawn = await previews(path, facts.config, embedded);
  const attention = await attentionSheets(path, embedded);
  const told = [
    ...warnings(facts),
    ...embedded.damaged.map((name) => `${name} is damaged, so it is not on this page.`),
  ];
  return {
    html: page(facts, { drawn, attention, bytes: embedded.bytes }, told),
    previews: { shown: drawn?.shown ?? 0, all: drawn?.all ?? 0 },
    warnings: told,
  };
}

async function readWhole(path: string): Promise<ReportFacts> {
  try {
    return await reportFacts(path);
  } catch (error) {
    const problem = problemOf(error);
    throw problem === undefined || problem.includes(path) ? error : new RinError(`${path}: ${problem}`);
  }
}

function page(
  run: ReportFacts,
  { drawn, attention, bytes: size }: { drawn?: Previews; attention?: string; bytes: number },
  told: readonly string[],
): string {
  const cost = inspect(run.config);
  const sections = [
    ...(told.length > 0
      ? [
          [
            'warnings',
            'Warnings',
            element('ul', { class: 'warnings' }, ...told.map((each) => element('li', {}, escaped(each)))),
          ],
        ]
      : []),
    ['curves', 'Curves', curves(run)],
    ...(drawn ? [['previews', 'Previews', drawn.html]] : []),
    ...(attention === undefined ? [] : [['attention', 'Where it looks', attention]]),
    ...(run.figures.length + run.evaluations.length > 0 ? [['metrics', 'Metrics', metricsSection(run)]] : []),
    ['data', 'Data', dataSection(run)],
    ['network', 'Network', networkSection(cost, run)],
    ['machine', 'Machine', machineSection(run)],
    ['configuration', 'Configuration', configurationSection(run)],
  ] as const;
  const links = sections.map(([id, title]) => element('a', { href: `#${id}` }, escaped(title)));
  const embedded = size > 0 ? ` Pictures and sounds take ${bytes(size)} of this file.` : '';
  const [style, script] = [pageFile('page.css'), pageFile('page.js')];
  // The page may load nothing at all; only this style and this script run.
  const policy = `default-src 'none'; img-src data:; media-src data:; style-src ${digest(style)}; script-src ${digest(script)}`;
  return [
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n',
    '<link rel="icon" href="data:,">\n',
    `${element('title', {}, escaped(`${run.name}: report`))}\n<style>${style}</style>\n</head>\n<body>\n`,
    element('header', {}, element('h1', {}, escaped(run.name)), element('p', {}, escaped(subject(run)))),
    element('nav', { 'aria-label': 'sections' }, ...links),
    '\n<main>\n',
    element('div', { id: 'overview' }, overview(run, cost)),
    ...sections.map(([id, title, content]) => `\n${section(id, title, content)}`),
    '\n</main>\n',
    element('footer', {}, escaped(`Made by rin report at ${when(new Date())}.${embedded}`)),
    `\n<script>${script}</script>\n</body>\n</html>\n`,
  ].join('');
}

/** What was trained on what. */
function subject({ config, data }: ReportFacts): string {
  const { model } = config;
  const number = data.length === undefined ? '' : `${count(data.length)} `;
  const classes = model.classes > 0 ? ` in ${count(model.classes)} ${model.classes === 1 ? 'class' : 'classes'}` : '';
  const size = sizeList(model.size);
  const shape = size.length === 1 ? `${count(size[0])} values` : size.join(' × ');
  return `A Recurrent Interface Network (${config.name}) trained on ${number}${nounOf(model)}s of ${shape}: ${data.name}${classes}.`;
}

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
