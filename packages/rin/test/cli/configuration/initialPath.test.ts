import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../../../src/cli/commands/train.js';
import { withInitialPath } from '../../../src/cli/configuration/fromModel.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';
import { freshFolder } from '../../training/tiny.js';

test('the number of a run becomes its path, so that the configuration of the new run names one folder for ever', async () => {
  const runs = freshFolder();
  const path = join(runs, '00003-cats-64-rin');
  mkdirSync(path);
  const init = async (name: string) => {
    const given = await withInitialPath(parseArguments(command, ['--init', name, '--runs', runs, '--lr', '0.1']));
    assert.deepEqual([given.text('--runs'), given.text('--training.learningRate')], [runs, '0.1']);
    return given.text('--training.init');
  };
  for (const name of ['3', '00003', '00003-cats-64-rin', path]) assert.equal(await init(name), path);
  // A model that is gone keeps its path: a run that began from it resumes.
  assert.equal(await init('gone.safetensors'), 'gone.safetensors');
  assert.equal((await withInitialPath(parseArguments(command, ['--lr', '0.1']))).text('--training.init'), undefined);
});
