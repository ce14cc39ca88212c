import type { Axis } from './axes.js';
import { type Attributes, element, escaped, pixels } from './svg.js';

/**
 * Colours that people with any colour vision can tell apart (Okabe & Ito 2008), the clearest on white first. Grey replaces their
 * yellow, which is too pale on white.
 */
export const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#56b4e9', '#e69f00', '#8a8a8a'];

/** Width of a chart in pixels. */
const width = 800;

/** Edges of the area of the curves in pixels. */
export const area = { left: 64, right: 780, top: 48, bottom: 376 } as const;

/** A whole chart as SVG, which needs no other file. */
export const chart = (title: string, height: number, ...children: readonly string[]): string =>
  `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'font-family': 'Helvetica, Arial, sans-serif',
      'font-size': 13,
      fill: '#333333',
    },
    element('title', {}, escaped(title)),
    element('rect', { width, height, fill: '#ffffff' }),
    ...children,
  )}\n`;

export const text = (content: string, attributes: Attributes): string => element('text', attributes, escaped(content));

/** Edges of an area of curves in pixels. */
export type Area = Readonly<Record<'left' | 'right' | 'top' | 'bottom', number>>;

/** Lines and names of both axes. A page with styles of its own colours them by their classes. */
export function frame(
  across: Axis,
  up: Axis,
  names: { readonly across: string; readonly up: string },
  { left, right, top, bottom }: Area = area,
): string[] {
  const middle = { 'text-anchor': 'middle' };
  return [
    text(names.up, { x: left, y: top - 14, 'font-weight': 'bold' }),
    text(names.across, { ...middle, x: (left + right) / 2, y: bottom + 40, 'font-weight': 'bold' }),
    ...up.ticks.flatMap(({ value, text: label }) => {
      const y = pixels(up.place(value));
      return [
        element('line', { x1: left, x2: right, y1: y, y2: y, stroke: '#e4e4e4', class: 'grid' }),
        text(label, { x: left - 8, y, dy: '0.35em', 'text-anchor': 'end' }),
      ];
    }),
    ...across.ticks.flatMap(({ value, text: label }) => {
      const x = pixels(across.place(value));
      return [
        element('line', { x1: x, x2: x, y1: bottom, y2: bottom + 5, stroke: '#777777', class: 'edge' }),
        text(label, { ...middle, x, y: bottom + 19 }),
      ];
    }),
    element('line', { x1: left, x2: right, y1: bottom, y2: bottom, stroke: '#777777', class: 'edge' }),
  ];
}
