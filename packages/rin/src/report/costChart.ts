import { sizeList } from '@rin/core';
import type { Inspection } from '../inspect/inspection.js';
import { publishedFlops } from '../inspect/published.js';
import type { ModelPart } from '../model/parts.js';
import { logAxis } from './axes.js';
import { area, chart, colours, frame, text } from './frame.js';
import { element, pixels } from './svg.js';

/** The parts that are curves of their own; the others are small. */
const drawnParts: readonly ModelPart[] = ['read', 'compute', 'write'];
const [rowHeight, rowsTop] = [21, area.bottom + 66];

/** A curve, or single points without a line. */
interface Series {
  readonly name: string;
  readonly isPublished: boolean;
  readonly points: readonly { readonly side: number; readonly gflops: number }[];
}

/**
 * Draws the operations of a forward pass over the resolution: the whole pass, its largest parts, and the published numbers of RIN
 * and U-Nets at these sizes. Both axes are logarithmic.
 * @param inspections the same network at one or more sizes, from `growth`
 * @returns an SVG of 800 pixels in width, which needs no other file
 */
export function costChart(inspections: readonly Inspection[]): string {
  const series = [...counted(inspections), ...published(inspections)];
  const sides = inspections.map(sideOf);
  const across = logAxis(sides, [area.left, area.right], sides);
  const all = series.flatMap(({ points }) => points.map(({ gflops }) => gflops));
  const up = logAxis(all, [area.bottom, area.top]);
  const drawn = series.map(({ points, isPublished }, i) => {
    const places = points.map(({ side, gflops }) => [pixels(across.place(side)), pixels(up.place(gflops))] as const);
    const line = { fill: 'none', stroke: colours[i], 'stroke-width': 1.8 };
    const dots = places.map(([cx, cy]) =>
      element('circle', { cx, cy, r: isPublished ? 5 : 2.5, ...line, fill: isPublished ? '#ffffff' : colours[i] }),
    );
    return isPublished ? dots.join('') : element('path', { d: `M${places.join('L')}`, ...line }) + dots.join('');
  });
  const rows = series.map(({ name, isPublished }, i) => {
    const y = rowsTop + i * rowHeight;
    const dot = { cx: area.left + 8, cy: y - 5, r: 5, stroke: colours[i], fill: isPublished ? '#ffffff' : colours[i] };
    return element('circle', { ...dot, 'stroke-width': 1.8 }) + text(name, { x: area.left + 24, y });
  });
  const [{ name }] = inspections;
  return chart(
    `Operations of ${name}`,
    rowsTop + series.length * rowHeight + 4,
    ...frame(across, up, { across: 'side in pixels', up: `GFLOP of a forward pass of one sample: ${name}` }),
    ...drawn,
    ...rows,
  );
}

/** The larger side of pictures and clips, the length of signals. */
const sideOf = ({ size }: Inspection): number => Math.max(...sizeList(size).slice(-2));

function counted(inspections: readonly Inspection[]): Series[] {
  const points = (flops: (inspection: Inspection) => number) =>
    inspections.map((each) => ({ side: sideOf(each), gflops: flops(each) / 1e9 }));
  const parts = drawnParts.map((part) => ({
    name: part,
    isPublished: false,
    points: points((each) => each.parts.find((cost) => cost.part === part)?.flops ?? 0),
  }));
  const whole = { name: 'forward pass', isPublished: false, points: points(({ passFlops }) => passFlops) };
  return [whole, ...parts.filter((one) => one.points.every(({ gflops }) => gflops > 0))];
}

function published(inspections: readonly Inspection[]): Series[] {
  const found = inspections.flatMap((each) =>
    publishedFlops(each.size).map(({ model, gflops }) => ({ model, side: sideOf(each), gflops })),
  );
  return [...new Set(found.map(({ model }) => model))].map((model) => ({
    name: `${model}, published`,
    isPublished: true,
    points: found.filter((each) => each.model === model),
  }));
}
