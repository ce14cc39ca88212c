// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What `node --import` runs first: it makes this Node say that it is an older one. */
const OLD = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.8.1' } })`;

for (const path of ['scripts/setup.mjs', 'packages/torch/setup/command.mjs', 'packages/rin/bin/rin.js']) {
  test(`${path} refuses a Node that is too old`, () => {
    const program = fileURLToPath(new URL(`../../${path}`, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', OLD, program], { encoding: 'utf8' });
    const told = 'rin needs Node 20.9 or newer; this is 20.8.1. Install a newer one: https://nodejs.org/en/download\n';
    assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: '', stderr: told });
  });
}
