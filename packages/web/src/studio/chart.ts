import { count } from '@rin/core';
import uPlot from 'uplot';
import { make } from '../page/dom.js';
import { number } from './words.js';

/** A value over images seen. */
export interface Point {
  readonly images: number;
  readonly value: number;
}

/** A curve of a chart. */
export interface Curve {
  readonly name: string;
  /** in the order of images */
  readonly points: readonly Point[];
  /** number of its run, which gives its colour */
  readonly run: number;
  readonly isDashed?: boolean;
}

/** The steep start of a loss may leave a chart: values in this first share of the images do not set its top. */
const steep = 0.05;
const height = 220;

/** A chart whose curves grow. The value under the pointer stands in its legend. */
export class Chart {
  readonly figure = make('figure', '', { class: 'chart' });
  readonly #title: string;
  readonly #isLoss: boolean;
  readonly #place = make('div', '', { role: 'img' });
  #plot: uPlot | undefined;
  /** what the plot was made for */
  #made = '';
  #curves: readonly Curve[] = [];

  /** @param options.isLoss whether the axis shows the values of the curves, and not 0 */
  constructor(title: string, { isLoss }: { isLoss: boolean }) {
    this.#title = title;
    this.#isLoss = isLoss;
    this.figure.append(make('figcaption', title), this.#place);
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#place.clientWidth, height })).observe(this.figure);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#made = '';
      this.show(this.#curves);
    });
  }

  /** Shows curves. Without any point the chart is hidden. */
  show(curves: readonly Curve[]): void {
    this.#curves = curves.filter(({ points }) => points.length > 0);
    this.figure.hidden = this.#curves.length === 0;
    if (this.figure.hidden) return;
    this.#place.setAttribute('aria-label', `${this.#title}. ${described(this.#curves)}`);
    const data = uPlot.join(
      this.#curves.map(({ points }) => [points.map(({ images }) => images), points.map(({ value }) => value)]),
    );
    const made = JSON.stringify(this.#curves.map(({ name, run, isDashed }) => [name, run, isDashed]));
    if (this.#plot && made === this.#made) {
      this.#plot.setData(data);
      return;
    }
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), data, this.#place);
    this.#made = made;
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => resolved(style.getPropertyValue(name));
    const [text, edge] = [colour('--soft'), colour('--grid')];
    const axis = { stroke: text, grid: { stroke: edge, width: 1 }, ticks: { stroke: edge, width: 1 } };
    const font = '12px system-ui, sans-serif';
    return {
      ...{ width: this.#place.clientWidth || 400, height, cursor: { y: false, drag: { x: false, y: false } } },
      scales: { x: { time: false }, y: { range: () => this.#range() } },
      axes: [
        { ...axis, font, values: (_, splits) => splits.map((value) => count(value)), space: 80 },
        { ...axis, font, values: (_, splits) => splits.map((value) => number(value)), size: 60 },
      ],
      series: [
        { label: 'images', value: (_, value) => (value === null ? '–' : count(value)) },
        ...this.#curves.map(({ name, run, isDashed, points }) => ({
          label: name,
          stroke: colour(`--s${run}`),
          ...{ width: 1.5, spanGaps: true, points: { show: points.length === 1 } },
          ...(isDashed && { dash: [6, 4] }),
          value: (_: uPlot, value: number | null) => (value === null ? '–' : number(value)),
        })),
      ],
    };
  }

  /** Lowest and highest value of the axis. */
  #range(): [number, number] {
    const all = this.#curves.flatMap(({ points }) => points);
    const last = all.reduce((most, { images }) => Math.max(most, images), 0);
    const late = all.filter(({ images }) => images >= steep * last).map(({ value }) => value);
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of late) [least, most] = [Math.min(least, value), Math.max(most, value)];
    if (!this.#isLoss) return [Math.min(0, least), 1.06 * most || 1];
    const space = 0.06 * (most - least) || Math.abs(most) || 1;
    return [least - space, most + space];
  }
}

/** The first and the last value of each curve, in words. */
const described = (curves: readonly Curve[]): string =>
  curves
    .map(({ name, points }) => {
      const [first, last] = [points[0], points[points.length - 1]];
      return `${name}: ${number(first.value)} at ${count(first.images)} images, ${number(last.value)} at ${count(last.images)}.`;
    })
    .join(' ');

/** A colour of the style as a canvas knows it: `light-dark` is resolved. */
function resolved(value: string): string {
  const probe = make('span');
  probe.style.color = value;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
