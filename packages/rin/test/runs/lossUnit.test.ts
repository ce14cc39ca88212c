import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitGroups, unitSign, unitText } from '../../src/runs/lossUnit.js';
import { tiny } from '../training/tiny.js';

test('losses are comparable if they compare the same quantity over the same noise levels; nothing else matters', () => {
  const same = [
    {},
    { prediction: 'x', timeSampling: 'stratified', normalizeInput: 'sample', clipInTraining: true },
    { selfConditioningRate: 0, selfConditioningBy: 'part', labelDropout: 0.5 },
  ].map((diffusion) => tiny({ diffusion }));
  const larger = tiny({ model: { depth: [2] }, training: { optimizer: { kind: 'adamw' } } });
  assert.deepEqual(unitGroups([...same, larger]), [{ members: [0, 1, 2, 3], differs: [] }]);

  const other = [
    { loss: 'x' },
    { inputScale: 0.5 },
    { schedule: { kind: 'sigmoid', tau: 0.5 } },
    { schedule: { kind: 'linear' } },
  ].map((diffusion) => tiny({ diffusion }));
  const groups = unitGroups([...other, ...same]);
  assert.deepEqual(
    groups.map(({ members }) => members),
    [[4, 5, 6], [0], [1], [2], [3]],
  );
  assert.deepEqual(groups.slice(1).map(unitText), [
    'diffusion.loss x instead of eps',
    'diffusion.inputScale 0.5 instead of 1',
    'diffusion.schedule.tau 0.5 instead of 0.9',
    'diffusion.schedule.kind linear instead of sigmoid',
  ]);
});

test('each unit has a sign of its own, and the usual one has none', () => {
  const signs = Array.from({ length: 9 }, (_, group) => unitSign(group));
  assert.equal(signs[0], '');
  assert.equal(new Set(signs).size, 9);
});
