// @ts-check
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { withLock } from '../../packages/torch/setup/lock.mjs';
import { temporaryFolder } from './folders.mjs';

test('a lock whose holder was killed is free', async (t) => {
  const path = join(temporaryFolder(t), 'lock');
  const module = new URL('../../packages/torch/setup/lock.mjs', import.meta.url).href;
  const hold = `import { withLock } from '${module}';
    await withLock('${path}', { onWait() {} }, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', hold], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  let waited = false;
  const onWait = () => {
    waited = true;
    holder.kill('SIGKILL');
  };
  assert.equal(await withLock(path, { onWait }, async () => 'mine'), 'mine');
  assert.equal(waited, true);
});
