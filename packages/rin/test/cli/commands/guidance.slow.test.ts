import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/parse.js';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { RIN } from '../../../src/model/rin.js';
import { work } from '../../data/fixtures.js';
import { rin } from '../rin.js';

/** What `rin sample` says of a model that was trained, for all it knows, on so many classes with this labelDropout. */
async function say(classes: number, labelDropout: number, ...args: string[]) {
  const config = parseConfig(
    {
      model: { size: 4, patch: 4, classes, latents: 4, latentDim: 8, latentHeads: 1, interfaceDim: 8, depth: [1] },
      diffusion: { labelDropout },
      sampling: { steps: 1, guidance: 1 },
    },
    'test',
  );
  const path = join(work, `${classes}-${labelDropout}.safetensors`);
  const network = new RIN(config.model, { seed: 0 });
  await saveModel(path, { config, classes: [], meanSquare: 0.3, parameters: network.parameters() });
  return rin(['sample', path, '--seeds', '0', '--threads', '1', ...args], { cwd: work });
}

const needs = 'guidance needs a model that was trained on classes with diffusion.labelDropout above 0';

test('guidance of a model that never drew without a class is warned of, once', async () => {
  const { code, stdout, stderr } = await say(2, 0, '--guidance', '2');
  assert.deepEqual([code, stderr], [0, '']);
  const warning = `--guidance 2 may make the results worse: ${needs}; it was 0 here`;
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.includes(needs)),
    [warning],
  );
});

test('guidance of a model without classes is an error', async () => {
  const { code, stderr } = await say(0, 0, '--guidance', '2');
  assert.deepEqual([code, stderr], [1, `--guidance 2: this model has no classes; ${needs}\n`]);
});

test('there is no warning where guidance was learnt, is 0, or was not asked for', async () => {
  for (const [classes, labelDropout, ...args] of [
    [2, 0.1, '--guidance', '2'],
    [2, 0, '--guidance=0'],
    [0, 0],
  ] as const) {
    const { code, stdout } = await say(classes, labelDropout, ...args);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /may make the results worse|needs a model/);
  }
});
