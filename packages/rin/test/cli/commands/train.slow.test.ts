import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bin, rin } from '../rin.js';
import { workplace } from '../tiny.js';

const brief = ['--config', 'tiny.yaml', '--images', '16', '--training.warmup', '0', '--training.sampleEvery', '0'];

let cwd = '';
before(async () => {
  cwd = await workplace();
  const red = join(cwd, 'pictures/red');
  for (let i = 0; i < 54; i++) copyFileSync(join(red, '80.png'), join(red, `copy${i}.png`));
  const { code, stderr } = await rin(['train', ...brief, '--data', 'pictures', '--run', 'base'], { cwd });
  assert.equal(code, 0, stderr);
});

/** Trains from the base model on a folder, and says how often each file was looked at and opened. */
async function openings(...args: string[]): Promise<Record<string, { stat: number; open: number }>> {
  const shim = fileURLToPath(new URL('openings.js', import.meta.url));
  const env = { ...process.env, OPENINGS: join(cwd, 'openings.json') };
  await promisify(execFile)(process.execPath, ['--import', shim, bin, 'train', '--init', 'base', ...args], {
    cwd,
    env,
  });
  return JSON.parse(readFileSync(env.OPENINGS, 'utf8'));
}

test('a fresh run from a model opens its file once, and searches the pictures once, as does the same command again', async () => {
  for (const when of ['fresh', 'finished']) {
    const found = await openings('--data', 'pictures', '--run', 'tuned', '--name', 'tuned', '--seed', '1');
    assert.equal(found['base/model.safetensors'].open, 1, when);
    const pictures = readdirSync(join(cwd, 'pictures'), { recursive: true, encoding: 'utf8' });
    const files = pictures.filter((name) => name.endsWith('.png')).map((name) => join('pictures', name));
    assert.equal(files.length, 60);
    const times = files.map((name) => found[name].stat);
    const again = times.reduce((sum, stat) => sum + stat - 1, 0);
    assert.ok(Math.min(...times) === 1 && again === 48, `${when}: ${again} pictures are read for their size`);
  }
});

test('a model is opened once too when a preset or a file gives the configuration', async () => {
  const found = await openings(...brief, '--data', 'pictures', '--run', 'other', '--seed', '2');
  assert.equal(found['base/model.safetensors'].open, 1);
});

test('a dry run tells size, work, time, memory and disk first, and its output is a configuration', async () => {
  for (const [i, args] of [
    ['--config', 'tiny.yaml'],
    ['--init', 'base'],
  ].entries()) {
    const { code, stdout, stderr } = await rin(['train', ...args, '--data', 'pictures', '--dry-run'], { cwd });
    assert.equal(code, 0, stderr);
    const expected = [
      /^network: [\d,]+ parameters, interface 4 × 16, latents 6 × 16 \(tokens × width\)$/m,
      /^work: \d+ kFLOP for a forward pass of one picture, [.\d]+ [kM]FLOP for a picture of training$/m,
      /^time: about .* images\/s in a short pass/m,
      /^memory: about \d+ MB /m,
      /^disk: up to /m,
    ];
    for (const line of expected) assert.match(stderr, line);
    writeFileSync(join(cwd, `dry${i}.yaml`), stdout);
    const again = await rin(['train', '--config', `dry${i}.yaml`, '--dry-run'], { cwd });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(again.stdout, stdout);
  }
  assert.deepEqual(readdirSync(cwd).includes('runs'), false);
});
