import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetFromSamples, evaluate, loadModel, openDataset, protocolGroups } from '../../src/index.js';
import { demoModel } from '../../src/runs/findModel.js';
import { freshFolder } from '../training/tiny.js';
import { fetchedDetector } from './detectors/fixtures.js';

process.env.RIN_DATA_CACHE = freshFolder();

test('with the published weights, drawn pictures are nearer to the data than noisy ones, in every figure', async (t) => {
  const detector = await fetchedDetector({ name: 'efficientnet-lite0' });
  if (typeof detector === 'string') return t.skip(detector);
  const model = await loadModel(demoModel);
  const { size, channels } = model.config.model;
  assert.equal(size, 64);
  const reference = await openDataset('emoji', { size: 64, channels, data: model.config.data });
  // the program of docs/programs.md, with fewer pictures and steps
  const drawn = await evaluate(model, { reference, detector, count: 24, folder: freshFolder(), steps: 8 });
  assert.deepEqual(
    drawn.figures.map(({ name }) => name),
    ['KID-EffNetLite0', 'FD-EffNetLite0', 'IS-EffNetLite0', 'precision', 'recall', 'density', 'coverage'],
  );
  assert.match(drawn.notes[0], /^24 samples are fewer than the 1,280 features/);

  let state = 1;
  const noise = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const noisy = Array.from({ length: 24 }, (_, i) => {
    const pixels = new Uint8Array(3 * 64 * 64);
    reference.read(i, pixels);
    return { pixels: pixels.map((value) => Math.round((value + noise()) / 2)) };
  });
  const worse = await evaluate(await datasetFromSamples(noisy, [3, 64, 64]), { reference, detector });
  const [a, b] = [drawn, worse].map(({ figures }) =>
    Object.fromEntries(figures.map((each) => [each.metric, each.value])),
  );
  assert.ok(a.kernel < 0.5 * b.kernel && a.frechet < b.frechet, `${JSON.stringify(a)}, noisy: ${JSON.stringify(b)}`);
  assert.equal(protocolGroups([drawn, worse]).length, 2, 'drawn and given samples have different protocols');
  detector.dispose();
});
