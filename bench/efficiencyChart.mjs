// @ts-check
import { logAxis } from '../packages/rin/dist/src/report/axes.js';
import { area, chart, colours, frame, text } from '../packages/rin/dist/src/report/frame.js';
import { element, pixels } from '../packages/rin/dist/src/report/svg.js';

/**
 * Draws costs over the pixels of a picture, both logarithmic.
 * @param {string} cost  its name and unit
 * @param {readonly { name: string, points: readonly { side: number, cost: number }[] }[]} series  one line for each network
 * @returns an SVG of 800 pixels in width
 */
export function efficiencyChart(cost, series) {
  const all = series.flatMap(({ points }) => points);
  const sides = [...new Set(all.map(({ side }) => side))].sort((a, b) => a - b);
  const axis = logAxis(
    sides.map((side) => side ** 2),
    [area.left, area.right],
    sides.map((side) => side ** 2),
  );
  const ticks = sides.map((side) => ({ value: side ** 2, text: `${side} × ${side}` }));
  const across = { ...axis, ticks };
  const costs = all.map((point) => point.cost);
  const up = logAxis(costs, [area.bottom, area.top]);
  const [rowHeight, rowsTop] = [21, area.bottom + 66];
  const drawn = series.map(({ points }, i) => {
    const places = points.map((point) => [pixels(across.place(point.side ** 2)), pixels(up.place(point.cost))]);
    const line = { fill: 'none', stroke: colours[i], 'stroke-width': 1.8 };
    const dots = places.map(([cx, cy]) => element('circle', { cx, cy, r: 4, fill: colours[i] }));
    return element('path', { d: `M${places.join('L')}`, ...line }) + dots.join('');
  });
  const names = series.map(({ name }, i) => {
    const y = rowsTop + i * rowHeight;
    return (
      element('circle', { cx: area.left + 8, cy: y - 5, r: 5, fill: colours[i] }) + text(name, { x: area.left + 24, y })
    );
  });
  return chart(
    `${cost} over the pixels of a picture, by network`,
    rowsTop + series.length * rowHeight + 4,
    ...frame(across, up, { across: 'pixels of a picture', up: `${cost}, one picture` }),
    ...drawn,
    ...names,
  );
}
