import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError, UsageError } from '@rin/core';
import sharp from '../../src/media/sharp.js';
import { checkChartName, writeChart } from '../../src/report/chartFile.js';
import { lossChart } from '../../src/report/lossChart.js';
import type { ChartRun } from '../../src/report/lossCurves.js';
import { freshFolder, tiny } from '../training/tiny.js';

/** A run with these losses, a line every `every` images. */
function run(
  name: string,
  losses: readonly number[],
  more: Partial<ChartRun> & { every?: number; heldOut?: number[] } = {},
): ChartRun {
  const { every = 100, heldOut, ...rest } = more;
  const stats = losses.map((loss, i) => ({
    images: every * (i + 1),
    loss,
    ...(heldOut && { validationLoss: heldOut[i] }),
  }));
  return { name, state: 'finished', config: tiny(), stats, ...rest };
}

const falling = (count: number, last: number): number[] =>
  Array.from({ length: count }, (_, i) => last * (1 + 0.5 * (1 - (i + 1) / count)));

/** What a chart shows, read from its SVG alone: the texts, and each curve in images and losses by the ticks of the axes. */
function read(svg: string) {
  assert.doesNotMatch(svg, /NaN|undefined|Infinity|null/);
  const texts = [...svg.matchAll(/<text([^>]*)>([^<]*)</g)].map(([, attributes, content]) => ({ attributes, content }));
  const number = (text: string) => Number(text.replace('k', 'e3').replace('M', 'e6'));
  const at = (attributes: string, key: string) => Number(new RegExp(` ${key}="([^"]*)"`).exec(attributes)?.[1]);
  const ticks = (anchor: string, key: string) =>
    texts
      .filter(
        ({ attributes, content }) => attributes.includes(`text-anchor="${anchor}"`) && /^[\d.]+[kM]?$/.test(content),
      )
      .map(({ attributes, content }) => ({ place: at(attributes, key), value: number(content) }));
  const [across, up] = [ticks('middle', 'x'), ticks('end', 'y')];
  const drawing = /<g clip-path[^>]*>(.*?)<\/g>/s.exec(svg)?.[1] ?? '';
  const curves = [...drawing.matchAll(/<path d="M([^"]*)"([^>]*)/g)].map(([, path, style]) => ({
    points: path.split('L').map((pair) => pair.split(',').map(Number)),
    colour: /stroke="(.*?)"/.exec(style)?.[1],
    isDashed: style.includes('dasharray'),
  }));
  const dots = [...drawing.matchAll(/<circle cx="([^"]*)" cy="([^"]*)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
  return { texts: texts.map(({ content }) => content), across, up, curves, dots, words: svg.replace(/<[^>]*>/g, ' ') };
}

interface Tick {
  readonly place: number;
  readonly value: number;
}

/** The value at a place, by the first and the last tick. */
function valueAt(place: number, ticks: readonly Tick[], isLogarithmic: boolean): number {
  const [a, b] = [ticks[0], ticks[ticks.length - 1]];
  const share = (place - a.place) / (b.place - a.place);
  return isLogarithmic ? a.value * (b.value / a.value) ** share : a.value + (b.value - a.value) * share;
}

/** Whether two values are equal on a chart whose coordinates are rounded to 0.1 pixel; ticks may be as far off. */
const near = (actual: number, expected: number, range: number): void =>
  assert.ok(Math.abs(actual - expected) < 0.001 * range, `${actual} is not ${expected}`);

test('each line of statistics is a point at its images and loss, in training and on held-out data', () => {
  const [losses, heldOut] = [falling(20, 0.05), falling(20, 0.06)];
  const { across, up, curves } = read(lossChart([run('a', losses, { heldOut })]));
  assert.ok(across.length >= 5 && up.length >= 4);
  assert.deepEqual(
    curves.map(({ isDashed }) => isDashed),
    [false, true],
  );
  for (const [curve, values] of [
    [curves[0], losses],
    [curves[1], heldOut],
  ] as const) {
    assert.equal(curve.points.length, 20);
    for (const [i, [x, y]] of curve.points.entries()) {
      near(valueAt(x, across, false), 100 * (i + 1), 2000);
      near(valueAt(y, up, false), values[i], 0.06);
    }
  }
});

test('runs of very different lengths and losses get logarithmic axes, so that each of them is seen', () => {
  const runs = [run('short', falling(10, 0.02)), run('long', falling(60, 0.5), { every: 10_000 })];
  const { across, up, curves } = read(lossChart(runs));
  assert.deepEqual(
    across.map(({ value }) => value),
    [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000],
  );
  for (const [i, { points }] of curves.entries()) {
    const [x, y] = points[points.length - 1];
    near(valueAt(x, across, true) / [1000, 600_000][i], 1, 10);
    near(valueAt(y, up, true) / [0.02, 0.5][i], 1, 50); // the last point is the mean of some lines
  }
});

test('the steep beginning does not flatten the rest, and a long run is smoothed to the means of its lines', () => {
  const losses = Array.from({ length: 1600 }, (_, i) => (i < 10 ? 5 : i % 2 === 0 ? 0.04 : 0.06));
  const {
    up,
    curves: [{ points }],
  } = read(lossChart([run('a', losses)]));
  assert.ok(points.length > 40 && points.length <= 81, `${points.length}`);
  assert.ok(up.every(({ value }) => value < 0.1));
  for (const [, y] of points.slice(1)) near(valueAt(y, up, false), 0.05, 1);
});

test('each run has a colour of its own, and its name, state and last losses beside it', () => {
  const runs = Array.from({ length: 8 }, (_, i) => run(`run-${i}`, falling(5, 0.1 + i / 100)));
  const svg = lossChart(runs);
  const { curves, words } = read(svg);
  assert.equal(new Set(curves.map(({ colour }) => colour)).size, 8);
  for (const [i, { colour }] of curves.entries()) {
    assert.match(svg, new RegExp(`fill="${colour}"/><text[^>]*><tspan[^>]*>run-${i}</tspan>`));
    assert.match(words, new RegExp(`run-${i} +loss ${(0.1 + i / 100).toFixed(3)} `));
  }
  const running = { ...run('b', [0.5, 0.4], { heldOut: [0.6, 0.45] }), state: 'running' as const };
  assert.match(read(lossChart([running])).words, /b +loss 0\.400, held out 0\.450, running at 200 of 96 images/);
  assert.throws(
    () => lossChart([...runs, run('ninth', [1])]),
    new RinError('a chart of 9 runs: expected at most 8; name fewer runs'),
  );
});

test('a run of one line is a dot, a run without a line is named, and no line at all is an error', () => {
  const { dots, across, up, words } = read(lossChart([run('one', [0.3]), run('none', [])]));
  assert.equal(dots.length, 1);
  near(valueAt(dots[0][0], across, false), 100, 100);
  near(valueAt(dots[0][1], up, false), 0.3, 0.3);
  assert.match(words, /none +no loss yet/);
  assert.throws(() => lossChart([run('none', [])]), RinError);
  assert.throws(() => lossChart([]), RinError);
  // A loss of 0 has no logarithm, and an infinite one no place.
  read(
    lossChart([
      run('zero', [1, 0, 0]),
      run('flat', [0, 0], { every: 5000 }),
      run('inf', [1, Number.POSITIVE_INFINITY]),
    ]),
  );
});

test('losses of another unit have the sign of rin runs, which is explained below', () => {
  const scaled = { config: tiny({ diffusion: { inputScale: 0.5 } }) };
  const { words } = read(lossChart([run('a', [0.3]), run('b', [0.2], scaled), run('c', [0.4])]));
  assert.match(words, /a +loss 0\.300 .*b +loss 0\.200\* .*c +loss 0\.400 /s);
  assert.match(words, /\* another unit of loss, not comparable: diffusion\.inputScale 0\.5 instead of 1/);
});

test('names with characters of XML and of terminals are shown as they are, and cannot change the file', async () => {
  const svg = lossChart([run('<script>&"\x1b[2J</svg>', [0.3, 0.2])]);
  assert.match(svg, />&#60;script&#62;&#38;&#34;\\x1b\[2J&#60;\/svg&#62;</);
  assert.doesNotMatch(svg, /(?!\n)\p{Cc}/u);
  assert.equal((await sharp(Buffer.from(svg)).metadata()).width, 800); // it is XML
});

test('the file is an SVG, or a PNG of twice its size with a white background, as its name says', async () => {
  const folder = freshFolder();
  const svg = lossChart([run('a', falling(20, 0.1))]);
  await writeChart(join(folder, 'new/loss.svg'), svg);
  assert.equal(readFileSync(join(folder, 'new/loss.svg'), 'utf8'), svg);
  await writeChart(join(folder, 'loss.PNG'), svg);
  const { data, info } = await sharp(join(folder, 'loss.PNG')).raw().toBuffer({ resolveWithObject: true });
  const height = Number(/ height="(\d+)"/.exec(svg)?.[1]);
  assert.deepEqual([info.width, info.height, ...data.subarray(0, 3)], [1600, 2 * height, 255, 255, 255]);
  for (const name of ['loss.jpg', 'loss', 'svg'])
    assert.throws(
      () => checkChartName(name),
      new UsageError(`--chart ${name}: expected the name of an SVG or PNG file, such as loss.svg`),
    );
});
