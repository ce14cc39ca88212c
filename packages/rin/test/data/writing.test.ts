import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { convertData } from '../../src/data/convert.js';
import { writeAnimation } from '../../src/media/animation.js';
import { writePng } from '../../src/media/png.js';
import { dieAt, halfFiles, orphan, refusedAt } from '../disk/dying.js';
import { contents, folderOf, open, work } from './fixtures.js';

const source = await folderOf({ 'a/1.png': [1, 2, 3], 'a/2.png': 'damaged', 'b/3.png': [4, 5, 6] });
const image = { data: new Uint8Array(12), shape: [3, 2, 2] };
const place = join(work, 'place');

/** What writes, each into `place` alone. */
const writers: Record<string, () => Promise<unknown>> = {
  cache: () => opened(source),
  'converted folder': async () => {
    await convertUnlessThere(join(place, 'deep/converted'));
    return opened(join(place, 'deep/converted'));
  },
  'converted tar': async () => {
    await convertUnlessThere(join(place, 'deep/converted.tar'));
    return readFileSync(join(place, 'deep/converted.tar'), 'base64');
  },
  png: async () => {
    await writePng(join(place, 'deep/a.png'), image);
    return readFileSync(join(place, 'deep/a.png'), 'base64');
  },
  animation: async () => {
    await writeAnimation(join(place, 'deep/a.webp'), [image, image]);
    return readFileSync(join(place, 'deep/a.webp'), 'base64');
  },
};

async function convertUnlessThere(target: string): Promise<void> {
  if (!existsSync(target)) await convertData(source, target, { resize: 'fit', background: '#ffffff' });
}

async function opened(source: string): Promise<unknown> {
  const data = await open(source);
  data.close();
  return { contents: contents(data), skipped: data.skipped, fingerprint: data.fingerprint, square: data.meanSquare };
}

function begin(): void {
  rmSync(place, { recursive: true, force: true });
  process.env.RIN_DATA_CACHE = join(place, 'cache');
}

for (const [name, write] of Object.entries(writers)) {
  test(`${name}: killed at any change of the disk, the same again gives the same, and no half file stays`, async () => {
    begin();
    const whole = await write();
    for (let n = 1; ; n++) {
      begin();
      const killed = await dieAt(n, write);
      if (killed && existsSync(place)) orphan(place);
      assert.deepEqual(await write(), whole, `killed at change ${n}`);
      const isSwept = name !== 'png' && name !== 'animation'; // the command sweeps those: commands/outputs.test.ts
      if (isSwept) assert.deepEqual(halfFiles(place), [], `killed at change ${n}`);
      if (killed) continue;
      assert.ok(n > 3, `${n - 1} changes only`);
      break;
    }
  });

  test(`${name}: whatever the system refuses is told in a sentence; the next try is as if nothing had been`, async () => {
    begin();
    const whole = await write();
    for (const code of ['ENOSPC', 'EIO', 'ENOTEMPTY']) {
      for (let n = 1; ; n++) {
        begin();
        const { error, isReached } = await refusedAt(n, code, write);
        if (!isReached) break;
        if (error !== undefined) {
          assert.ok(error instanceof RinError, `${code} at change ${n}: ${error}`);
          assert.match(error.message, /^[^\n]*(cannot write|already exists|start again)[^\n]*$/);
          assert.doesNotMatch(error.message, /\.part\b|raw/);
        }
        if (existsSync(place)) assert.deepEqual(halfFiles(place), [], `${code} at change ${n}`);
        assert.deepEqual(await write(), whole, `${code} at change ${n}`);
      }
    }
  });
}

test('a picture that was there survives whatever the system refuses', async () => {
  begin();
  await writers.png();
  const path = join(place, 'deep/a.png');
  writeFileSync(path, 'good');
  for (let n = 1; ; n++) {
    const { error, isReached } = await refusedAt(n, 'ENOSPC', writers.png);
    if (!isReached) break;
    assert.ok(error instanceof RinError);
    assert.equal(readFileSync(path, 'utf8'), 'good');
  }
});
