import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { createNumberedRun, listRuns } from '../../src/runs/runDirectory.js';
import { refusedAt } from '../disk/dying.js';
import { freshFolder, tiny } from '../training/tiny.js';

const data = { name: 'dots', fingerprint: 'f'.repeat(64), length: 2, classes: [], skipped: [] };

test('whatever the system refuses while a run is made is told in a sentence, and no half run is left', async () => {
  const make = (folder: string) =>
    createNumberedRun(join(folder, 'runs'), { config: tiny(), data }, async (run) => {
      writeFileSync(join(run, 'begun'), '');
    });
  for (const code of ['ENOSPC', 'EIO', 'EROFS']) {
    for (let n = 1; ; n++) {
      const folder = freshFolder();
      const { error, isReached } = await refusedAt(n, code, () => make(folder));
      if (!isReached) break;
      assert.ok(error instanceof RinError, `${code} at change ${n}: ${error}`);
      assert.match(error.message, /^cannot write .*runs[^\n]*$/);
      const runs = join(folder, 'runs');
      assert.deepEqual(existsSync(runs) ? readdirSync(runs) : [], []);
      await make(folder);
      assert.equal((await listRuns(runs)).length, 1);
    }
  }
});
