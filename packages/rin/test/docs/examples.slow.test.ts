import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from '../../src/media/sharp.js';

const examples = fileURLToPath(new URL('../../../../../examples/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rin-examples-'));
after(() => rmSync(folder, { recursive: true }));

function run(name: string, ...args: string[]): string {
  const child = spawnSync(process.execPath, [join(examples, name), ...args], { cwd: folder, encoding: 'utf8' });
  assert.equal(child.status, 0, `${name}\n${child.stdout}\n${child.stderr}`);
  return child.stdout;
}

test('examples/train.mjs trains on the arrays that it makes, and draws 24 pictures of 16×16, four times as large', async () => {
  assert.match(run('train.mjs', '640'), /240 samples in 3 classes/);
  assert.ok(existsSync(join(folder, 'runs/shapes/model.safetensors')));
  const { height } = await sharp(join(folder, 'shapes.png')).metadata();
  assert.equal(height, 4 * (3 * 16 + 4 * 2)); //  three rows, and white between and around
});

test('examples/sample.mjs writes three pictures of each class', () => {
  const [first] = run('sample.mjs', 'runs/shapes', 'drawn').split('\n');
  assert.equal(first, 'runs/shapes/model.safetensors: 3 classes, pictures of 16 pixels');
  const names = ['cross', 'disc', 'ring'].flatMap((name) => [0, 1, 2].map((seed) => `${name}-${seed}.png`));
  assert.deepEqual(readdirSync(join(folder, 'drawn')).sort(), names);
});

test('examples/tensors.mjs fits its curve, to a thousandth of its mean square', () => {
  const errors = [...run('tensors.mjs').matchAll(/error (\S+)/g)].map(([, error]) => Number(error));
  assert.ok((errors.at(-1) ?? 1) < errors[0] / 1000, String(errors)); // the network starts as 0, so its first error is the curve's own
});

test('examples/classifier.mjs names at least nine of ten pictures correctly, and resumes from its files on the way', () => {
  const [, share] = /It names (\S+) %/.exec(run('classifier.mjs')) ?? [];
  assert.ok(Number(share) > 90, share); //  three classes, so a guess gives 33 %; 20 runs gave 96.8 % or more
  assert.ok(existsSync(join(folder, 'optimizer.safetensors')));
});
