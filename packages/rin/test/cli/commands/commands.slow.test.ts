import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import sharp from '../../../src/media/sharp.js';
import { bin, rin } from '../rin.js';
import { workplace } from '../tiny.js';

const train = ['train', '--config', 'tiny.yaml', '--data', 'pictures'];

test('training that is interrupted saves and ends, and the same command goes on to the same result', async () => {
  const cwd = await workplace();
  const inRun = (folder: string, name: string) => join(cwd, folder, '00000-pictures-8-tiny', name);

  const whole = await rin([...train, '--runs', 'whole'], { cwd });
  assert.equal(whole.code, 0, whole.stderr);
  assert.match(whole.stdout, /^model\.classes is 3, from the data: blue, green, red\n/);
  assert.match(
    whole.stdout,
    /\nwhole\/00000-pictures-8-tiny\/model\.safetensors is ready; draw from it: rin sample whole\//,
  );

  let [signalled, isAsked] = [0, false];
  const stopped = await rin([...train, '--runs', 'runs'], {
    cwd,
    onOutput: async (child, stdout) => {
      if (isAsked || !stdout.includes('in a short pass without the optimiser\n')) return;
      isAsked = true;
      const isUnderWay = () => existsSync(stats) && readFileSync(stats, 'utf8').includes('\n');
      const stats = inRun('runs', 'stats.jsonl');
      while (!isUnderWay() && child.exitCode === null) await setTimeout(5);
      signalled = performance.now();
      child.kill('SIGINT');
    },
  });
  assert.equal(stopped.code, 130);
  assert.ok(performance.now() - signalled < 30_000, 'ends soon');
  const found = /\nstopped at ([\d,]+) of 1,600 images and saved; run the same command again to resume\n$/.exec(
    stopped.stdout,
  );
  assert.ok(found, stopped.stdout);
  const images = Number(found[1].replace(',', ''));
  assert.ok(images >= 80 && images < 1600, `${images}`);

  const resumed = await rin([...train, '--runs', 'runs'], { cwd });
  assert.equal(resumed.code, 0);
  assert.match(resumed.stdout, new RegExp(`runs/00000-pictures-8-tiny: resumes at ${found[1]} of 1,600 images`));
  for (const name of ['stats.jsonl', 'model.safetensors', 'fakes-000001.600k.png']) {
    assert.ok(readFileSync(inRun('runs', name)).equals(readFileSync(inRun('whole', name))), name);
  }
  assert.deepEqual(readdirSync(join(cwd, 'runs')), ['00000-pictures-8-tiny']);

  const again = await rin([...train, '--runs', 'runs'], { cwd });
  assert.equal(again.code, 0);
  assert.match(again.stdout, /00000-pictures-8-tiny is finished/);
});

test('a Ctrl-C that npm passes on a second time is the same one', async () => {
  let isSent = false;
  const { code, stdout } = await rin([...train, '--images', '1M'], {
    cwd: await workplace(),
    onOutput: (child, stdout) => {
      if (isSent || !stdout.includes('in a short pass without the optimiser\n')) return;
      isSent = true;
      for (let i = 0; i < 3; i++) child.kill('SIGINT');
    },
  });
  assert.equal(code, 130);
  assert.match(stdout, /saved; run the same command again to resume\n$/);
});

test('training whose output nobody reads any more saves and ends quietly', async () => {
  const cwd = await workplace();
  const command = [process.execPath, bin, ...train, '--images', '1M', '--runs', 'runs']
    .map((word) => `"${word}"`)
    .join(' ');
  const said = execFileSync('bash', ['-c', `set -o pipefail; ${command} | sed '/over the first/q'; echo "code $?"`], {
    cwd,
    encoding: 'utf8',
  });
  assert.match(said, /^model\.classes is 3.*: trains for 1,000,000 images\n.*over the first 20 updates\ncode 0\n$/s);
  const { stdout } = await rin(['runs', '--json'], { cwd });
  const [{ state, images }] = JSON.parse(stdout);
  assert.ok(state === 'interrupted' && images >= 160, `${state} at ${images} images`); // saved
});

test('samples are files named by seed, the same for the same seed', async () => {
  const cwd = await workplace();
  await rin([...train, '--images', '160'], { cwd });
  const sample = async (...args: string[]) => {
    const ended = await rin(['sample', '--threads', '1', ...args], { cwd });
    assert.deepEqual([ended.code, ended.stderr], [0, ''], ended.stderr);
    return ended.stdout;
  };
  const pixels = (path: string) => sharp(join(cwd, path)).raw().toBuffer();

  const said = await sample('--seeds', '0-5', '--out', 'a', '--animate', 'a/denoising.webp');
  assert.match(
    said,
    /^model: runs\/00000-pictures-8-tiny\/model\.safetensors, classes blue, green, red\nsampling: 3 steps of ddpm, guidance 0\n/,
  );
  assert.match(said, /\n6 pictures in [\d.]+ s: a, a-grid\.png, a\/denoising\.webp\n$/);
  const singles = ['000000.png', '000001.png', '000002.png', '000003.png', '000004.png', '000005.png'];
  assert.deepEqual(readdirSync(join(cwd, 'a')), [...singles, 'denoising.webp']);
  assert.ok(existsSync(join(cwd, 'a-grid.png')));
  const { width, height, channels } = await sharp(join(cwd, 'a/000003.png')).metadata();
  assert.deepEqual([width, height, channels], [8, 8, 3]);
  // One frame for each of 3 steps.
  assert.equal((await sharp(join(cwd, 'a/denoising.webp'), { animated: true }).metadata()).pages, 3);

  // In another company, in batches of two: products of another size round differently, by less than a step of a pixel.
  await sample('runs/00000-pictures-8-tiny', '--seeds', '5,4,3', '--out', 'b', '--batch', '2');
  assert.deepEqual(readdirSync(join(cwd, 'b')), ['000003.png', '000004.png', '000005.png']);
  for (const name of singles.slice(3)) {
    const [a, b] = [await pixels(`a/${name}`), await pixels(`b/${name}`)];
    assert.ok(
      a.every((value, i) => Math.abs(value - b[i]) <= 1),
      name,
    );
  }

  await sample('--seeds', '3', '--classes', 'red', '--out', 'c');
  assert.notDeepEqual(await pixels('c/000003.png'), await pixels('a/000003.png'));
  await sample('--seeds', '3', '--classes', '2', '--out', 'd', '--steps', '3');
  assert.deepEqual(await pixels('d/000003.png'), await pixels('c/000003.png'));

  const guided = await sample('--sampler', 'ddim', '--guidance', '1.5');
  assert.match(guided, /\nsampling: 3 steps of ddim, guidance 1\.5\n(.*\n)*24 pictures in [\d.]+ s: samples\.png\n$/);
  const grid = await sharp(join(cwd, 'samples.png')).metadata();
  assert.equal(grid.height, 3 * (64 + 16) + 16);
});
