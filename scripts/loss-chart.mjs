// @ts-check
// Prints the loss of a run as a Mermaid chart, for docs: node scripts/loss-chart.mjs runs/00003-mnist-28-rin [MORE …]
// It reads stats.jsonl. The chart has the training loss, and the validation loss if data are held out. Its 25 points are evenly
// spaced in images.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const POINTS = 25;

const runs = process.argv.slice(2);
if (runs.length === 0) {
  console.error('usage: node scripts/loss-chart.mjs RUN [MORE …]');
  process.exit(2);
}
for (const run of runs) {
  const lines = existsSync(join(run, 'stats.jsonl')) ? readStats(run) : [];
  if (lines.length === 0) {
    console.error(`${run}: it has no statistics; a run writes them after every training.logEvery images`);
    process.exit(1);
  }
  console.log(chart(basename(run), lines));
}

/**
 * @typedef {{ images: number, loss: number, validationLoss?: number }} Line
 * @param {string} run
 * @returns {Line[]}
 */
function readStats(run) {
  const text = readFileSync(join(run, 'stats.jsonl'), 'utf8');
  const lines = text.split('\n').slice(0, -1); // the last part is empty, or a line that a kill cut short
  try {
    return lines.map((line) => JSON.parse(line));
  } catch {
    console.error(`${run}: its stats.jsonl is damaged; expected a JSON object in each line`);
    process.exit(1);
  }
}

/** @param {string} name @param {Line[]} lines */
function chart(name, lines) {
  const last = lines[lines.length - 1].images;
  // A point is the mean of all lines since the last point, because single lines are noisy.
  const parts = Array.from({ length: POINTS }, (_, i) =>
    lines.filter(({ images }) => Math.ceil((images * POINTS) / last) === i + 1),
  );
  const mean = (/** @type {Line[]} */ part, /** @type {'loss' | 'validationLoss'} */ key) =>
    part.reduce((sum, line) => sum + (line[key] ?? 0), 0) / part.length;
  const kept = parts.filter((part) => part.length > 0);
  const series = (/** @type {'loss' | 'validationLoss'} */ key) =>
    kept.map((part) => mean(part, key).toFixed(4)).join(', ');
  const held = lines.some(({ validationLoss }) => validationLoss !== undefined);
  return [
    '```mermaid',
    'xychart-beta',
    `  title "${name}: loss by thousand images${held ? ' (training, and held out)' : ''}"`,
    `  x-axis [${kept.map((part) => Math.round(part[part.length - 1].images / 1000)).join(', ')}]`,
    `  line [${series('loss')}]`,
    ...(held ? [`  line [${series('validationLoss')}]`] : []),
    '```',
  ].join('\n');
}
