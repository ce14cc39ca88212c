import { count, countOf, printableLine } from '@rin/core';
import type { Evaluation, Protocol } from '../../metrics/evaluation.js';
import type { Figure } from '../../metrics/figures.js';
import { protocolGroups } from '../../metrics/protocolGroups.js';
import { unitSign } from '../../runs/lossUnit.js';
import { textTable } from '../terminal/textTable.js';
import { samplingLine } from './sampleRequest.js';

const none = '–';

/** Digits of a SHA-256 that are printed. */
const shownDigits = 12;

/** `runs/00003-flowers, average, 38,000 images` */
export function subjectLine({ subject: { name, average, images } }: Pick<Evaluation, 'subject'>): string {
  const parts = [name, average, images === null ? null : `${count(images)} images`];
  return parts.filter((part) => part !== null).join(', ');
}

/** The figures of an evaluation, then everything that they depend on. */
export function evaluationLines(evaluation: Evaluation): string[] {
  const { figures, protocol, notes } = evaluation;
  const rows = figures.map((figure) => [figure.name, figureText(figure)]);
  return [
    `${subjectLine(evaluation)}: ${countOf(protocol.count, protocol.medium)}`,
    ...textTable(rows.length > 0 ? rows : [['', '']], [rows[0]?.[0] ?? '', rows[0]?.[1] ?? '']).map(
      (line) => `  ${line}`,
    ),
    ...protocolLines(protocol),
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** The protocol in sentences. */
export function protocolLines({
  detector,
  medium,
  shape,
  quantised,
  count: n,
  reference,
  sampling,
}: Protocol): string[] {
  const { name, file, sha256, preprocessing } = detector;
  const size = shape.slice(1).join('×');
  const drawn = sampling
    ? `, seeds ${sampling.seeds}, ${samplingLine(sampling, sampling.classes !== 'none').replace('sampling: ', '')}` +
      `${sampling.classes === 'none' ? '' : `, classes ${sampling.classes}`}${sampling.given === 'none' ? '' : `, given the ${sampling.given}`}`
    : '';
  const some = reference.count === null ? 'an unknown number of samples' : countOf(reference.count, medium);
  return [
    `detector: ${name}, ${file}, SHA-256 ${sha256.slice(0, shownDigits)}…; ${preprocessing}`,
    `samples: ${countOf(n, medium)} of ${size} in ${shape[0] === 1 ? 'grey' : 'colour'}, quantised to ${quantised}${drawn}`,
    `reference: ${reference.name} (${reference.digest.slice(0, shownDigits)}…), ${reference.part}, ${some}, resize ${reference.resize}`,
  ];
}

/** `0.0123 ± 0.0010` */
export const figureText = ({ value, spread }: Pick<Figure, 'value' | 'spread'>): string =>
  spread === undefined ? number(value) : `${number(value)} ± ${number(spread)}`;

/**
 * A table of several evaluations, one in each row. Figures of another protocol than most have a sign, which lines below the table
 * explain: they cannot be compared with the others.
 */
export function comparisonLines(
  evaluations: readonly Evaluation[],
  named: (one: Evaluation) => string = subjectLine,
): string[] {
  const columns = [...new Set(evaluations.flatMap(({ figures }) => figures.map(({ name }) => name)))];
  const groups = protocolGroups(evaluations);
  const signOf = (index: number): string =>
    groups.length < 2 ? '' : unitSign(groups.findIndex(({ members }) => members.includes(index))) || ' ';
  const rows = evaluations.map((evaluation, index) => [
    named(evaluation),
    count(evaluation.protocol.count),
    ...columns.map((column) => {
      const figure = evaluation.figures.find(({ name }) => name === column);
      return figure ? `${figureText(figure)}${signOf(index)}` : none;
    }),
  ]);
  const notes = groups
    .slice(1)
    .map(({ differs }, i) => `${unitSign(i + 1)} another protocol, not comparable: ${differs.join(', ')}`);
  const cells = [['evaluated', 'n', ...columns], ...rows].map((row) => row.map(printableLine));
  return [...textTable(cells, ['evaluated']), ...(notes.length > 0 ? ['', ...notes] : [])];
}

/** At least three digits. */
function number(value: number): string {
  if (Math.abs(value) >= 1000) return count(Math.round(value));
  return Math.abs(value) < 1e-5 ? value.toExponential(1) : value.toPrecision(3);
}
