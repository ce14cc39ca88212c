import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { readSafetensors } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-kill-'));
after(() => rmSync(folder, { recursive: true }));

test('a process killed while it writes leaves a whole file under the name, each of 12 times', async () => {
  const path = join(folder, 'file.safetensors');
  const program = `import { full, writeSafetensors } from ${JSON.stringify(new URL('../src/index.js', import.meta.url))};
    for (let i = 0; ; i++) {
      await writeSafetensors(${JSON.stringify(path)}, { a: full([1_000_000], i), b: full([500_000], i) });
      if (i === 0) console.log('begun');
    }`;
  for (let kill = 0; kill < 12; kill++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await wait(5 + kill * 3);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { tensors } = await readSafetensors(path);
    const [a, b] = [tensors.a, tensors.b].map((tensor) => [tensor.amin().item(), tensor.amax().item()]);
    assert.deepEqual([a[0], b[0], b[1]], [a[1], a[1], a[1]], `kill ${kill}: parts of two writes`);
  }
});
