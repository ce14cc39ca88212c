// @ts-check
import { linearAxis } from '../packages/rin/dist/src/report/axes.js';
import { area, chart, colours, frame, text } from '../packages/rin/dist/src/report/frame.js';
import { element, pixels } from '../packages/rin/dist/src/report/svg.js';

/**
 * Draws the errors of the rows of a group by signal level, each divided by the mean of the network that all groups share. A bar
 * reaches from the least to the largest of the seeds.
 * @param {string} group
 * @param {readonly number[]} levels
 * @param {readonly { name: string, numbers: readonly (readonly number[])[] }[]} rows  the numbers of each seed, by level
 * @param {readonly number[]} reference  one mean for each level
 * @returns an SVG of 800 pixels in width
 */
export function ablationsChart(group, levels, rows, reference) {
  const series = rows.map(({ name, numbers }) => ({
    name,
    points: levels.map((_, i) => {
      const ratios = numbers.map((each) => each[i] / reference[i]);
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
      return { mean, least: Math.min(...ratios), most: Math.max(...ratios) };
    }),
  }));
  const all = series.flatMap(({ points }) => points.flatMap(({ least, most }) => [least, most]));
  const step = (area.right - area.left) / levels.length;
  const place = (/** @type {number} */ level) => area.left + (levels.indexOf(level) + 0.5) * step;
  const across = { place, ticks: levels.map((value) => ({ value, text: String(value) })), isLogarithmic: false };
  const up = linearAxis(all, [area.bottom, area.top]);
  const [rowHeight, rowsTop] = [21, area.bottom + 66];
  const drawn = series.map(({ points }, i) => {
    const shift = (i - (series.length - 1) / 2) * 7; // side by side, so that bars do not hide each other
    const places = points.map(({ mean }, k) => [pixels(place(levels[k]) + shift), pixels(up.place(mean))]);
    const line = { fill: 'none', stroke: colours[i], 'stroke-width': 1.8 };
    const bars = points.map(({ least, most }, k) => {
      const [x] = places[k];
      return element('line', { x1: x, x2: x, y1: pixels(up.place(least)), y2: pixels(up.place(most)), ...line });
    });
    const dots = places.map(([cx, cy]) => element('circle', { cx, cy, r: 3.5, fill: colours[i] }));
    return element('path', { d: `M${places.join('L')}`, ...line, 'stroke-opacity': 0.5 }) + [...bars, ...dots].join('');
  });
  const names = series.map(({ name }, i) => {
    const y = rowsTop + i * rowHeight;
    return (
      element('circle', { cx: area.left + 8, cy: y - 5, r: 5, fill: colours[i] }) + text(name, { x: area.left + 24, y })
    );
  });
  return chart(
    `Error of the estimate by noise level: ${group}`,
    rowsTop + series.length * rowHeight + 4,
    ...frame(across, up, {
      across: 'signal level γ of the noised picture',
      up: `${group}: error of the estimate, as a share of the shared network's`,
    }),
    ...drawn,
    ...names,
  );
}
