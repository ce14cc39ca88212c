import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RinError } from '@rin/core';
import { makeFolder } from '../../src/disk/makeFolder.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-folders-'));
after(() => rmSync(folder, { recursive: true }));

test('a folder is made with those above it; one that is there, also by a link, is left', async () => {
  const deep = join(folder, 'a/b/c');
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(folder, 'a/b/d'))]);
  await makeFolder(deep);
  symlinkSync(join(folder, 'a'), join(folder, 'link'));
  await makeFolder(join(folder, 'link/e'));
  assert.ok(existsSync(deep) && existsSync(join(folder, 'a/e')));
});

test('a file in the way is an error of the system', async () => {
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(makeFolder(join(folder, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeFolder(join(folder, 'file/x')), { code: 'ENOTDIR' });
});

test('where the system lets no folder be made it is refused, at once', {
  skip: !existsSync('/proc/self'),
}, async () => {
  await assert.rejects(makeFolder('/proc/none/deeper'), (error: Error) => {
    assert.ok(error instanceof RinError);
    assert.equal(error.message, 'cannot make /proc/none: the system allows no folder there');
    return true;
  });
});
