import { count } from '@rin/core';
import type { Evaluation } from '../../metrics/evaluation.js';
import { protocolGroups } from '../../metrics/protocolGroups.js';
import { element, escaped } from '../svg.js';
import { curveChart } from './curveChart.js';
import { protocolPairs } from './evaluations.js';
import { details, facts, table } from './html.js';
import type { ReportFacts } from './reportFacts.js';
import { number } from './words.js';

/** The figures that were measured: while the run trained, and by `rin evaluate`. Each has its protocol. */
export function metricsSection({ figures, evaluations, stats }: ReportFacts): string {
  return [
    ...(figures.length > 0
      ? [whileTraining(figures, Math.max(figures[figures.length - 1].images, stats.at(-1)?.images ?? 0))]
      : []),
    ...protocolGroups(evaluations).map(({ members }) => withOneProtocol(members.map((index) => evaluations[index]))),
  ].join('');
}

/** A chart of each figure over images seen. Figures of other samples or another detector are other curves. */
function whileTraining(figures: ReportFacts['figures'], last: number): string {
  const kinds = new Map<string, { images: number; value: number }[]>();
  for (const { images, figures: values, evaluated, detector } of figures) {
    const how = [
      ...(evaluated === undefined ? [] : [`${count(evaluated)} samples`]),
      ...(detector === undefined ? [] : [`detector ${detector.slice(0, 12)}…`]),
    ].join(', ');
    for (const [name, value] of Object.entries(values)) {
      const title = how === '' ? name : `${name} (${how})`;
      kinds.set(title, [...(kinds.get(title) ?? []), { images, value }]);
    }
  }
  const charts = [...kinds].map(([title, points]) =>
    curveChart([{ name: title.replace(/ \(.*/, ''), points }], {
      title,
      unit: 'new samples against the data',
      isLoss: true,
      last,
    }),
  );
  return element('h3', {}, 'While training') + element('div', { class: 'charts' }, ...charts);
}

/** A table of evaluations with one protocol, and the protocol. */
function withOneProtocol(evaluations: readonly Evaluation[]): string {
  const names = [...new Set(evaluations.flatMap(({ figures }) => figures.map(({ name }) => name)))];
  const rows = evaluations.map(({ subject, figures, time }) => [
    escaped(subject.name),
    escaped(subject.average ?? '–'),
    subject.images === null ? '–' : count(subject.images),
    ...names.map((name) => {
      const found = figures.find((figure) => figure.name === name);
      if (!found) return '–';
      return number(found.value) + (found.spread === undefined ? '' : ` ± ${number(found.spread)}`);
    }),
    escaped(time.slice(0, 16).replace('T', ' ')),
  ]);
  const notes = [...new Set(evaluations.flatMap((evaluation) => evaluation.notes))];
  return [
    element('h3', {}, 'rin evaluate'),
    table(['samples of', 'average', 'images seen', ...names, 'measured (UTC)'], rows, 'oneLine'),
    ...(notes.length > 0 ? [element('ul', {}, ...notes.map((note) => element('li', {}, escaped(note))))] : []),
    details('The protocol: figures of another one cannot be compared with these', facts(protocolPairs(evaluations[0]))),
  ].join('');
}
