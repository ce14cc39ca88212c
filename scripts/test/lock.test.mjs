// @ts-check
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { cannotLock, withLock } from '../../packages/torch/setup/lock.mjs';
import { setEnvironment, temporaryFolder } from './folders.mjs';

const module = (/** @type {string} */ name) => new URL(`../../packages/torch/setup/${name}`, import.meta.url).href;

/** A process that holds the lock while it does `work`, JavaScript that may use `run` and `lock`. @param {string} path @param {string} work */
async function holder(path, work) {
  const program = `import { withLock } from '${module('lock.mjs')}';
    import { run } from '${module('run.mjs')}';
    await withLock('${path}', { onWait() {} }, async (lock) => { console.log('held'); ${work} });`;
  const args = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('a lock whose holder was killed is free', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  const child = await holder(path, 'await new Promise(() => setInterval(() => {}, 1000));');
  let waited = false;
  const onWait = () => {
    waited = true;
    child.kill('SIGKILL');
  };
  assert.equal(await withLock(path, { onWait }, async () => 'mine'), 'mine');
  assert.equal(waited, true);
});

test('a program that the killed holder had started keeps the lock to its end', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  const child = await holder(path, "await run('sleep', ['2'], { lock });");
  const start = performance.now();
  setTimeout(() => child.kill('SIGKILL'), 500);
  await withLock(path, { onWait() {} }, async () => undefined);
  assert.ok(performance.now() - start > 1500, 'taken while the program ran');
});

test('without the command flock the reason is told, and nobody is waited for', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  setEnvironment(t, { PATH: temporaryFolder(t) });
  const onWait = () => assert.fail('waited');
  const work = () => assert.fail('worked');
  await assert.rejects(withLock(path, { onWait }, work), /cannot be locked: the command "flock"/);
  assert.match(cannotLock(path, 'darwin'), /python3 does not run; install it: xcode-select --install$/);
});

test('where there is no command flock, as on a Mac, Python takes the same lock', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  const child = await holder(path, 'await new Promise(() => setInterval(() => {}, 1000));');
  setEnvironment(t, { PATH: temporaryFolder(t, { python3: '#!/bin/sh\nexec /usr/bin/python3 "$@"\n' }) });
  let waited = 0;
  const onWait = () => {
    waited++;
    child.kill('SIGKILL');
  };
  assert.equal(await withLock(path, { onWait }, async () => 'mine'), 'mine');
  assert.equal(await withLock(path, { onWait }, async () => 'again'), 'again');
  assert.equal(waited, 1);
});
