// @ts-check
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { installNodePackages } from '../setup/nodePackages.mjs';
import { recordingLog, setEnvironment, temporaryFolder } from './folders.mjs';

const LOCK = JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } });

for (const [installed, expected] of [
  [LOCK, 'npm packages'],
  ['', 'Installing npm packages'],
  ['{}', 'Installing npm packages'],
]) {
  test(`where npm left ${installed || 'an empty record'}, set-up says: ${expected}`, async (t) => {
    const files = { 'package-lock.json': LOCK, 'node_modules/.package-lock.json': installed, 'bin/npm': '#!/bin/sh\n' };
    const root = temporaryFolder(t, files);
    setEnvironment(t, { PATH: `${join(root, 'bin')}:${process.env.PATH}` });
    const { log, told } = recordingLog();
    await installNodePackages(root, log);
    assert.deepEqual(told, [expected]);
  });
}
