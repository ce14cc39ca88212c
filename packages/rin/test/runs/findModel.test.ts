import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { RinError } from '@rin/core';
import { demoModel, findModel } from '../../src/runs/findModel.js';

const back = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'rin-find-'));
process.chdir(folder);
after(() => {
  process.chdir(back);
  rmSync(folder, { recursive: true });
});

function place(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
}

const isShipped = existsSync(demoModel);

test('without a run, it is the model of the demo', {
  skip: !isShipped && "the demo's model is not there",
}, async () => {
  assert.equal(await findModel(), demoModel);
  mkdirSync('runs/00000-a-64-rin', { recursive: true }); // a run before its first checkpoint
  assert.equal(await findModel(), demoModel);
});

test('without a run and without the demo, the error says what to do', {
  skip: isShipped && 'the demo is there',
}, async () => {
  await assert.rejects(
    findModel(),
    new RinError('there is no model in runs/; name a model, or train one first: rin train --data my-pictures'),
  );
});

test('it is the run of the highest number that has a model', async () => {
  for (const run of ['00002-b-64-rin', '00010-c-64-rin', '100000-d-64-rin', 'notes'])
    place(`runs/${run}/model.safetensors`);
  mkdirSync('runs/100001-e-64-rin');
  assert.equal(await findModel(), 'runs/100000-d-64-rin/model.safetensors');
});

test('what is named comes first, a file or the folder of a run', async () => {
  place('other.safetensors');
  place('mine/model.safetensors');
  assert.equal(await findModel('other.safetensors'), 'other.safetensors');
  assert.equal(await findModel('mine'), 'mine/model.safetensors');
  for (const name of ['2', '00002', '00002-b-64-rin'])
    assert.equal(await findModel(name), 'runs/00002-b-64-rin/model.safetensors');
  assert.equal(await findModel('100000'), 'runs/100000-d-64-rin/model.safetensors');
  place('2'); // a file that is really called 2
  assert.equal(await findModel('2'), '2');
  await assert.rejects(
    findModel('7'),
    new RinError('7: there is no run of this number in runs; its runs are 100001, 100000, 10, 2, 0'),
  );
});
