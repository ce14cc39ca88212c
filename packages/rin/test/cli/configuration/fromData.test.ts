import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../../../src/cli/commands/train.js';
import { fromData } from '../../../src/cli/configuration/fromData.js';
import { readLayers, resolveConfig } from '../../../src/cli/configuration/layers.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';
import { workplace } from '../tiny.js';

/** What a command line becomes, and what is said of it. */
async function resolved(...args: string[]) {
  const said: string[] = [];
  const layers = readLayers(parseArguments(command, args));
  const { signal } = new AbortController();
  const { layer } = await fromData(layers, (sentence) => said.push(sentence), signal);
  const config = resolveConfig(layer ? [...layers, layer] : layers);
  return [config.name, config.model.classes, ...said];
}

test('classes and name follow the data, unless file or flags say otherwise', async () => {
  const folder = await workplace();
  const [pictures, red] = [join(folder, 'pictures'), join(folder, 'pictures/red')];
  const three = 'model.classes is 3, from the data: blue, green, red';
  assert.deepEqual(await resolved(), ['emoji-64', 7]);
  assert.deepEqual(await resolved('--data', pictures), ['rin', 3, three]);
  assert.deepEqual(await resolved('--data', pictures, '--name', 'mine'), ['mine', 3, three]);
  assert.deepEqual(await resolved('--preset', 'cifar10', '--data', pictures), ['cifar10', 3, three]);
  assert.deepEqual(await resolved('--data', pictures, '--model.classes', '0'), ['rin', 0]);
  assert.deepEqual(await resolved('--config', join(folder, 'tiny.yaml'), '--data', pictures), ['tiny', 3, three]);
  // A folder around the class folders is no class. No subfolders, no classes; and one class is none.
  assert.deepEqual(await resolved('--data', folder), ['rin', 3, three]);
  assert.deepEqual(await resolved('--data', red), ['rin', 0, 'model.classes is 0, from the data']);
  cpSync(red, join(folder, 'one', 'red'), { recursive: true });
  assert.deepEqual(await resolved('--data', join(folder, 'one')), ['rin', 0, 'model.classes is 0, from the data']);
});
