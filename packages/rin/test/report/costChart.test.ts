import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth } from '../../src/inspect/growth.js';
import { costChart } from '../../src/report/costChart.js';
import { loadPreset } from '../../src/training/presets.js';
import { tiny } from '../training/tiny.js';

/** Texts, and the points of each curve and each dot, read from the SVG alone. */
function read(svg: string) {
  assert.doesNotMatch(svg, /NaN|undefined|Infinity|null/);
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, content]) => content);
  const curves = [...svg.matchAll(/<path d="M([^"]*)"[^>]*stroke="(.*?)"/g)].map(([, path, colour]) => ({
    colour,
    points: path.split('L').map((pair) => pair.split(',').map(Number)),
  }));
  return { texts, curves };
}

test('a curve for the pass and for each large part, over the sizes, and the published numbers as rings', () => {
  const { texts, curves } = read(costChart(growth(loadPreset('imagenet256'))));
  for (const name of ['64', '256', '1024', 'read', 'compute', 'write', 'RIN, published', 'ADM, published'])
    assert.ok(texts.includes(name), name);
  const [whole, readOnes, compute, write] = curves.map(({ points }) => points);
  assert.equal(curves.length, 4);
  assert.equal(whole.length, 6);
  // down the page is less: the pass is above its parts, compute is flat, read and write rise
  for (const [i, [x, y]] of whole.entries()) {
    assert.ok([readOnes, compute, write].every((part) => part[i][0] === x && part[i][1] > y));
    assert.equal(compute[i][1], compute[0][1]);
    if (i > 0) assert.ok(readOnes[i][1] < readOnes[i - 1][1] && write[i][1] < write[i - 1][1]);
  }
});

test('a network without published numbers has only its own curves, and one size is enough', () => {
  const { texts, curves } = read(costChart(growth(tiny()).slice(0, 1)));
  assert.equal(curves.length, 4);
  assert.ok(!texts.some((text) => text.includes('published')));
});
