import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

test('examples/condition.mjs trains on embeddings and draws four discs for each of three conditions', async () => {
  const printed = run('condition.mjs', '320');
  assert.match(printed, /600 samples without classes/);
  assert.equal([...printed.matchAll(/^disc \d: 0\.\d{3} from the disc of its condition/gm)].length, 3);
  const { height } = await sharp(join(folder, 'discs.png')).metadata();
  assert.equal(height, 4 * (3 * 16 + 4 * 2));
});

test('examples/sample.mjs writes three pictures of each class', () => {
  const [first] = run('sample.mjs', 'runs/shapes', 'drawn').split('\n');
  assert.equal(first, 'runs/shapes/model.safetensors: 3 classes, pictures of 16 pixels');
  const names = ['cross', 'disc', 'ring'].flatMap((name) => [0, 1, 2].map((seed) => `${name}-${seed}.png`));
  assert.deepEqual(readdirSync(join(folder, 'drawn')).sort(), names);
});

test('examples/worker.mjs serves the progress of its training, saves when it is interrupted, and resumes', async () => {
  /** Starts it, and ends it after an update. @returns what it printed, and the images at the first and last answer */
  const session = async () => {
    const child = spawn(process.execPath, [join(examples, 'worker.mjs'), '1M', '0'], { cwd: folder });
    let printed = '';
    child.stdout.on('data', (text) => {
      printed += text;
    });
    child.stderr.pipe(process.stderr);
    const ended = once(child, 'exit');
    while (!printed.includes('http')) await sleep(50);
    const [url] = /http:\S+/.exec(printed) ?? [];
    const seen: number[] = [];
    while (seen.length < 2 || seen[0] === seen.at(-1)) {
      const progress = (await (await fetch(`${url}`)).json()) as { images: number; total: number } | null;
      if (progress) seen.push(progress.images);
      assert.equal(progress?.total ?? 1e6, 1e6);
      await sleep(50);
    }
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
    return { first: seen[0], last: Number(/^(\d+) of 1000000 images$/m.exec(printed)?.[1]) };
  };
  const { last } = await session();
  assert.match(readdirSync(join(folder, 'runs/worker')).join(), /checkpoint-\d+/);
  const resumed = await session();
  assert.ok(resumed.first >= last && resumed.last > last, `${last}, then ${resumed.first} to ${resumed.last}`);
});

test('examples/train.mjs saves when it is interrupted, and the same command resumes', async () => {
  const cwd = mkdtempSync(join(folder, 'interrupted-'));
  const child = spawn(process.execPath, [join(examples, 'train.mjs'), '1M'], { cwd });
  let printed = '';
  child.stdout.on('data', (text) => {
    const before = printed;
    printed += text;
    const isMark = (output: string) => output.includes('over the first'); // it has made updates
    if (isMark(printed) && !isMark(before)) child.kill('SIGTERM'); // a second one would end it at once
  });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, printed);
  assert.match(printed, /^runs\/shapes is saved; the same command resumes it$/m);
  assert.match(readdirSync(join(cwd, 'runs/shapes')).join(), /checkpoint-\d+/);
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
