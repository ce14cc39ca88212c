import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RinError } from '@rin/core';
import { writeOutput } from '../../src/disk/output.js';
import { Taken, WriteError } from '../../src/disk/systemError.js';
import { observeChanges, readText, writeFlushed, writeFolder, writeWhole } from '../../src/disk/wholeFiles.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-whole-'));
after(() => rmSync(folder, { recursive: true }));

test('whatever code the system gives, the error is a sentence in words', async () => {
  const path = join(folder, 'codes');
  try {
    for (const [code, number] of Object.entries(constants.errno)) {
      observeChanges(() => {
        throw Object.assign(new Error(`${code}: raw`), { code, errno: -number, syscall: 'write' });
      });
      await assert.rejects(writeWhole(path, 'x'), (error) => {
        assert.ok(error instanceof WriteError, code);
        assert.match(error.message, /codes: [a-z][^:]+$/);
        assert.doesNotMatch(error.message, /raw|\bE[A-Z]{3}/);
        return true;
      });
    }
  } finally {
    observeChanges(() => {});
  }
});

test('a folder that has something in it is not replaced, and the sentence says so', async () => {
  const [path, file, empty] = ['taken', 'file', 'empty'].map((name) => join(folder, name));
  mkdirSync(path);
  writeFileSync(join(path, 'mine'), 'mine');
  writeFileSync(file, 'mine');
  mkdirSync(empty);
  const fill = (half: string) => writeFlushed(join(half, 'theirs'), 'theirs');
  for (const place of [path, file]) {
    await assert.rejects(writeFolder(place, fill), (error) => {
      assert.ok(error instanceof Taken);
      assert.match(error.message, /cannot write .*(taken|file): something else has this name now/);
      return true;
    });
  }
  await writeFolder(empty, fill);
  assert.deepEqual([readdirSync(path), readFileSync(file, 'utf8'), readdirSync(empty)], [['mine'], 'mine', ['theirs']]);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('an output is written through a link, into a pipe of the shell, and never over a folder', async () => {
  const [real, link] = ['real.png', 'link.png'].map((name) => join(folder, name));
  writeFileSync(real, 'old');
  symlinkSync(real, link);
  await writeOutput(link, Buffer.from('new'));
  assert.equal(readFileSync(real, 'utf8'), 'new');
  await writeOutput('/dev/null', Buffer.from('nothing'));
  await assert.rejects(writeOutput(folder, Buffer.from('x')), /it is a folder/);
  await assert.rejects(writeOutput('/dev/full', Buffer.from('x')), (error) => {
    assert.ok(error instanceof RinError);
    assert.equal(error.message, 'cannot write /dev/full: the disk is full');
    return true;
  });
});

test('a pipe or a device is never read as a text, since it may not end', async () => {
  const pipe = join(folder, 'config.yaml');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/zero'])
    await assert.rejects(readText(path), new RinError(`cannot read ${path}: it is not a regular file`));
  assert.equal(await readText(`${pipe}.none`), undefined);
});
