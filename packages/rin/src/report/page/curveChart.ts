import { count } from '@rin/core';
import { type Axis, axisFromZero, lossAxis } from '../axes.js';
import { type Area, frame } from '../frame.js';
import { type Point, smoothed } from '../lossCurves.js';
import { element, escaped, pixels } from '../svg.js';
import { number } from './words.js';

/** Values over images seen, with the name that the chart gives them. */
export interface NamedCurve {
  readonly name: string;
  /** in the order of images; at least one */
  readonly points: readonly Point[];
}

export interface CurveChartOptions {
  readonly title: string;
  /** what the vertical axis shows */
  readonly unit: string;
  /** as the loss: the axis shows the values of the curves, not 0, and the steep start may leave it */
  readonly isLoss: boolean;
  /** images at the end of the axis */
  readonly last: number;
}

/** Most points of a curve; more are averaged. */
const mostPoints = 160;

/** A chart is as wide as a phone's page, so that its text is readable there. Wide pages have two beside each other. */
const [width, height] = [480, 290];
const area: Area = { left: 58, right: 468, top: 34, bottom: 236 };

/**
 * A chart of curves as a figure of HTML, with a text that says the same. The page's script shows the values under the pointer.
 * @param curves one or more; the page has colours for two
 */
export function curveChart(curves: readonly NamedCurve[], { title, unit, isLoss, last }: CurveChartOptions): string {
  const across = axisFromZero(last, [area.left, area.right], 5);
  const share = (images: number) => (across.place(images) - area.left) / (area.right - area.left);
  const drawn = curves.map(({ name, points }) => ({ name, points: smoothed(points, share, mostPoints) }));
  const most = Math.max(...drawn.flatMap(({ points }) => points.map(({ value }) => value)));
  const up = isLoss
    ? lossAxis(drawn, across, [area.bottom, area.top])
    : axisFromZero(1.06 * most || 1, [area.bottom, area.top], 5);
  const id = `area-${title.toLowerCase().replace(/\W+/g, '-')}`;
  const svg = element(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${title}. ${described(curves)}` },
    element(
      'clipPath',
      { id },
      element('rect', { x: area.left, y: area.top, width: area.right - area.left + 4, height: area.bottom - area.top }),
    ),
    ...frame(across, up, { across: 'images seen', up: unit }, area),
    element('line', { class: 'cursor', y1: area.top, y2: area.bottom, x1: -9, x2: -9 }),
    element('g', { 'clip-path': `url(#${id})` }, ...drawn.map((curve, i) => line(curve, i, across, up))),
  );
  const names = drawn.map(({ name }, i) =>
    element('span', {}, element('span', { class: `line s${i}` }, ''), escaped(` ${name}`)),
  );
  return element(
    'figure',
    { class: 'chart' },
    element('figcaption', {}, element('strong', {}, escaped(title)), ...(curves.length > 1 ? names : [])),
    svg,
    element('p', { class: 'readout' }, escaped(described(curves))),
  );
}

/** The line of a curve; a single point is a dot. The script reads what it shows from `data-values`. */
function line({ name, points }: NamedCurve, index: number, across: Axis, up: Axis): string {
  const places = points.map(({ images, value }) => [pixels(across.place(images)), pixels(up.place(value))] as const);
  const values = points.map(({ images, value }) => `${images} ${number(value)}`).join(' ');
  const told = { class: `curve s${index}`, 'data-name': name, 'data-values': values };
  const [[cx, cy]] = places;
  const dot = places.length === 1 ? element('circle', { cx, cy, r: 4, class: `dot s${index}` }) : '';
  return element('path', { d: `M${places.join('L')}`, ...told }) + dot;
}

/** First, last and lowest value of each curve, in words. */
function described(curves: readonly NamedCurve[]): string {
  return curves
    .map(({ name, points }) => {
      const [first, last] = [points[0], points[points.length - 1]];
      if (points.length === 1) return `${name}: ${number(last.value)} at ${count(last.images)} images.`;
      return `${name}: ${number(first.value)} at ${count(first.images)} images, ${number(last.value)} at ${count(last.images)}.`;
    })
    .join(' ');
}
