import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Evaluation, Protocol } from '../../src/metrics/evaluation.js';
import { protocolGroups } from '../../src/metrics/protocolGroups.js';
import { placeOf, readEvaluations, recordEvaluation } from '../../src/metrics/record.js';
import { seedText } from '../../src/metrics/seedText.js';
import { freshFolder } from '../training/tiny.js';

const protocol: Protocol = {
  detector: { name: 'efficientnet-lite0', file: 'a.pth', sha256: 'a'.repeat(64), preprocessing: 'scaled' },
  ...{ medium: 'picture', shape: [3, 64, 64], quantised: 'uint8', count: 1000, sampling: null },
  reference: { name: 'emoji', digest: 'b'.repeat(64), part: 'all', count: 83, resize: 'center-crop' },
};
const evaluation = (name: string, over: Partial<Protocol> = {}): Evaluation => ({
  time: '2026-01-01T00:00:00.000Z',
  subject: { name, average: 'average', images: 5, digest: 'c'.repeat(64) },
  protocol: { ...protocol, ...over },
  figures: [{ metric: 'kernel', name: 'KID', value: 0.1 }],
  notes: [],
});

test('evaluations are read in their order; a line that was cut short costs no other', async () => {
  const file = join(freshFolder(), 'deep', 'metrics.jsonl');
  assert.deepEqual(await readEvaluations(file), []);
  await recordEvaluation(file, evaluation('first'));
  appendFileSync(file, '{"time":"20');
  await recordEvaluation(file, evaluation('second'));
  await recordEvaluation(file, evaluation('third'));
  assert.deepEqual(await readEvaluations(file), [evaluation('first'), evaluation('second'), evaluation('third')]);
});

test('a figure that is no number is left out, and the others stay', async () => {
  const file = join(freshFolder(), 'metrics.jsonl');
  const [kernel] = evaluation('x').figures;
  const figures = [kernel, { ...kernel, value: Number.NaN }, { ...kernel, spread: Number.POSITIVE_INFINITY }];
  await recordEvaluation(file, { ...evaluation('x'), figures });
  assert.deepEqual(await readEvaluations(file), [evaluation('x')]);
});

test('figures are kept in the folder of a run, and beside a model or a folder, or where the user wants', () => {
  const folder = freshFolder();
  const [run, pictures] = ['run', 'my.pictures'].map((name) => join(folder, name));
  for (const each of [run, pictures]) mkdirSync(each);
  for (const name of ['config.yaml', 'data.json', 'model.safetensors']) writeFileSync(join(run, name), '');
  const model = join(folder, 'my.v2.safetensors');
  writeFileSync(model, '');
  const inRun = { record: join(run, 'metrics.jsonl'), work: run };
  assert.deepEqual([placeOf(run), placeOf(join(run, 'model.safetensors'))], [inRun, inRun]);
  assert.deepEqual(placeOf(model), { record: join(folder, 'my.v2.metrics.jsonl'), work: folder });
  assert.deepEqual(placeOf(pictures), { record: join(folder, 'my.pictures.metrics.jsonl'), work: folder });
  assert.deepEqual(placeOf('emoji'), { record: 'emoji.metrics.jsonl', work: '.' });
  assert.deepEqual(placeOf(run, 'out'), { record: join('out', 'run.metrics.jsonl'), work: 'out' });
});

test('figures of equal protocols form a group; the others say in what they differ; names of files are no difference', () => {
  const more = { count: 5000 };
  const renamed = { detector: { ...protocol.detector, file: 'b.pth' } };
  const other = { detector: { ...protocol.detector, sha256: 'd'.repeat(64) } };
  const groups = protocolGroups([more, {}, renamed, other].map((over) => evaluation('x', over)));
  assert.deepEqual(
    groups.map(({ members }) => members),
    [[1, 2], [0], [3]],
  );
  assert.deepEqual(
    groups.map(({ differs }) => differs),
    [[], ['count 5000 instead of 1000'], ['detector.sha256 dddddddddddd instead of aaaaaaaaaaaa']],
  );
});

test('seeds are written as --seeds takes them', () => {
  assert.equal(seedText([0, 1, 2, 3]), '0-3');
  assert.equal(seedText([3, 8, 100, 101, 102]), '3,8,100-102');
  assert.equal(seedText([5, 4]), '5,4');
});
