import { count, RinError } from '@rin/core';
import { unitGroups, unitSign, unitText } from '../runs/lossUnit.js';
import { type Axis, imagesAxis, lossAxis } from './axes.js';
import { area, chart, colours, frame, text } from './frame.js';
import { type ChartRun, type Curve, lossCurves, smoothed } from './lossCurves.js';
import { type Attributes, element, escaped, pixels } from './svg.js';

/** Most points of a curve. */
const mostPoints = 80;
const lineHeight = { legend: 21, note: 17 } as const;
/** Characters of a note on one line. */
const noteLength = 118;
const longestName = 48;

/**
 * Draws the loss of runs over images seen. A solid line is the loss in training, a dashed line the loss on held-out data. Both
 * are means: a curve has at most 80 points. Losses that are not comparable have signs, as in `rin runs`.
 * @param runs 1 to 8 runs; those without a loss yet are only named
 * @returns an SVG of 800 pixels in width, which needs no other file
 * @throws RinError if there are more than 8 runs, or none of them has a loss
 */
export function lossChart(runs: readonly ChartRun[]): string {
  if (runs.length > colours.length)
    throw new RinError(`a chart of ${count(runs.length)} runs: expected at most ${colours.length}; name fewer runs`);
  const curves = lossCurves(runs);
  if (curves.length === 0)
    throw new RinError('a chart of runs without a loss: a run writes its first one after training.logEvery images');
  const across = imagesAxis(curves, [area.left, area.right]);
  const averaged = curves.map((curve) => ({ ...curve, points: smoothed(curve.points, share(across), mostPoints) }));
  const up = lossAxis(averaged, across, [area.bottom, area.top]);
  const rows = legend(runs, curves);
  const rowsTop = area.bottom + 66;
  const notesTop = rowsTop + runs.length * lineHeight.legend;
  const lines = notes(runs, curves).flatMap(wrapped);
  const height = notesTop + lines.length * lineHeight.note + 4;
  return chart(
    `Loss of ${runs.map(({ name }) => name).join(', ')}`,
    height,
    ...frame(across, up, { across: 'images seen', up: 'loss' }),
    ...key(curves),
    ...drawn(averaged, across, up),
    ...rows.map((row, i) =>
      element('g', { transform: `translate(${area.left}, ${rowsTop + i * lineHeight.legend})` }, ...row),
    ),
    ...lines.map((line, i) => text(line, { x: area.left, y: notesTop + i * lineHeight.note, 'font-size': 12 })),
  );
}

/** Place on an axis from 0 to 1. */
const share =
  ({ place }: Axis) =>
  (images: number): number =>
    (place(images) - area.left) / (area.right - area.left);

/** Both kinds of lines with their names, at the top on the right. */
function key(curves: readonly Curve[]): string[] {
  if (!curves.some(({ isHeldOut }) => isHeldOut)) return [];
  return [false, true].flatMap((isHeldOut, i) => {
    const x = area.right - 275 + 126 * i;
    const y = area.top - 18;
    return [
      element('path', { d: `M${x},${y}h30`, ...style('#333333', isHeldOut) }),
      text(isHeldOut ? 'on held-out data' : 'in training', { x: x + 37, y, dy: '0.35em' }),
    ];
  });
}

const style = (colour: string, isHeldOut: boolean): Attributes => ({
  fill: 'none',
  stroke: colour,
  'stroke-width': isHeldOut ? 2.2 : 1.6,
  'stroke-linejoin': 'round',
  ...(isHeldOut && { 'stroke-dasharray': '6 3' }),
});

/** The curves, cut off at the top of the area. A single point is a dot. */
function drawn(curves: readonly Curve[], across: Axis, up: Axis): string[] {
  const { left, right, top, bottom } = area;
  const clip = element(
    'clipPath',
    { id: 'area' },
    element('rect', { x: left, y: top, width: right - left + 4, height: bottom - top }),
  );
  const paths = curves.map(({ run, isHeldOut, points }) => {
    const places = points.map(({ images, value }) => [pixels(across.place(images)), pixels(up.place(value))] as const);
    const [[x, y]] = places;
    if (places.length === 1)
      return element('circle', {
        cx: x,
        cy: y,
        r: 4,
        ...style(colours[run], isHeldOut),
        fill: isHeldOut ? '#ffffff' : colours[run],
      });
    return element('path', { d: `M${places.join('L')}`, ...style(colours[run], isHeldOut) });
  });
  return [element('defs', {}, clip), element('g', { 'clip-path': 'url(#area)' }, ...paths)];
}

/** A row for each run: its colour, name, state and last losses. */
function legend(runs: readonly ChartRun[], curves: readonly Curve[]): string[][] {
  const signs = new Map(
    signed(runs, curves).flatMap(({ sign, members }) => members.map((run) => [run, sign] as const)),
  );
  return runs.map(({ name, state, config, stats }, run) => {
    const last = (isHeldOut: boolean) =>
      curves
        .find((curve) => curve.run === run && curve.isHeldOut === isHeldOut)
        ?.points.at(-1)
        ?.value.toPrecision(3);
    const [training, heldOut] = [last(false), last(true)];
    const losses = [
      training === undefined ? 'no loss yet' : `loss ${training}${signs.get(run) ?? ''}`,
      ...(heldOut === undefined ? [] : [`held out ${heldOut}${signs.get(run) ?? ''}`]),
      ...(state === 'finished'
        ? []
        : [`${state} at ${count(stats.at(-1)?.images ?? 0)} of ${count(config.training.images)} images`]),
    ];
    const shown = name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
    return [
      element('rect', { y: -9, width: 22, height: 8, rx: 2, fill: colours[run] }),
      element(
        'text',
        { x: 32 },
        element('tspan', { 'font-weight': 'bold' }, escaped(shown)),
        element('tspan', { dx: 12 }, escaped(losses.join(', '))),
      ),
    ];
  });
}

/** Groups of runs with losses in an unusual unit, each with its sign. */
function signed(
  runs: readonly ChartRun[],
  curves: readonly Curve[],
): { sign: string; members: number[]; why: string }[] {
  const told = [...new Set(curves.map(({ run }) => run))];
  const groups = unitGroups(told.map((run) => runs[run].config));
  return groups.slice(1).map((group, i) => ({
    sign: unitSign(i + 1),
    members: group.members.map((index) => told[index]),
    why: unitText(group),
  }));
}

const notes = (runs: readonly ChartRun[], curves: readonly Curve[]): string[] =>
  signed(runs, curves).map(({ sign, why }) => `${sign} another unit of loss, not comparable: ${why}`);

/** Lines of a note. */
function wrapped(note: string): string[] {
  const lines: string[] = [''];
  for (const word of note.split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && line.length + word.length >= noteLength) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
