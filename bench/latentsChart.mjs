// @ts-check
import { logAxis } from '../packages/rin/dist/src/report/axes.js';
import { area, chart, colours, frame, text } from '../packages/rin/dist/src/report/frame.js';
import { element, pixels } from '../packages/rin/dist/src/report/svg.js';

/**
 * Draws distances over operations, both logarithmic.
 * @param {string} distance  its name
 * @param {readonly { name: string, isScattered?: boolean, points: readonly { mflops: number, distance: number }[] }[]} series
 *     curves; scattered points have no line
 * @returns an SVG of 800 pixels in width
 */
export function latentsChart(distance, series) {
  const all = series.flatMap(({ points }) => points);
  const across = logAxis(
    all.map(({ mflops }) => mflops),
    [area.left, area.right],
  );
  const up = logAxis(
    all.map((point) => point.distance),
    [area.bottom, area.top],
  );
  const [rowHeight, rowsTop] = [21, area.bottom + 66];
  const drawn = series.map(({ points, isScattered }, i) => {
    const places = points.map((point) => [pixels(across.place(point.mflops)), pixels(up.place(point.distance))]);
    const line = { fill: 'none', stroke: colours[i], 'stroke-width': 1.8 };
    const dots = places.map(([cx, cy]) =>
      element('circle', { cx, cy, r: 4, ...line, fill: isScattered ? '#ffffff' : colours[i] }),
    );
    return (isScattered ? '' : element('path', { d: `M${places.join('L')}`, ...line })) + dots.join('');
  });
  const rows = series.map(({ name, isScattered }, i) => {
    const y = rowsTop + i * rowHeight;
    const dot = { cx: area.left + 8, cy: y - 5, r: 5, stroke: colours[i], fill: isScattered ? '#ffffff' : colours[i] };
    return element('circle', { ...dot, 'stroke-width': 1.8 }) + text(name, { x: area.left + 24, y });
  });
  return chart(
    'Distance to the data over operations, by latents',
    rowsTop + series.length * rowHeight + 4,
    ...frame(across, up, { across: 'MFLOP to draw a picture', up: `distance of the ${distance} to the data` }),
    ...drawn,
    ...rows,
  );
}
