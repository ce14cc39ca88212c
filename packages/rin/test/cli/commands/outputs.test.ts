import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { beside } from '../../../src/disk/wholeFiles.js';
import { type Colour, folderOf } from '../../data/fixtures.js';
import { orphan } from '../../disk/dying.js';
import { bin, rin } from '../rin.js';

const noisy = Object.fromEntries(
  Array.from({ length: 64 }, (_, i) => [`p/${i}.png`, [(i * 37) % 256, (i * 91) % 256, i] as Colour]),
);

test('a picture that cannot be written whole leaves the one that was there, and nothing beside it', async () => {
  const cwd = await folderOf(noisy);
  const sheet = join(cwd, 'sheet.png');
  writeFileSync(sheet, 'good');
  // The system refuses files over 1 KiB to this child, in the middle of the write.
  const limited = 'trap "" XFSZ; ulimit -f 1; exec "$@"';
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', limited, 'rin', process.execPath, bin, 'data', 'info', 'p', '--quick', '--sheet', 'sheet.png'],
    { cwd, encoding: 'utf8' },
  );
  assert.equal(status, 1);
  assert.match(stderr, /^cannot write .*sheet\.png: the file would be larger than this system allows\n$/);
  assert.equal(readFileSync(sheet, 'utf8'), 'good');
  assert.deepEqual(readdirSync(cwd), ['p', 'sheet.png']);
});

/** Whether a file system in memory can be mounted: by root, outside most containers. */
function mountSmall(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder]).status === 0;
}

test('on a full disk the picture that was there survives', async (t) => {
  const cwd = await folderOf(noisy);
  const disk = join(cwd, 'disk');
  if (!mountSmall(disk)) return t.skip('no file system can be mounted here');
  try {
    writeFileSync(join(disk, 'sheet.png'), 'good');
    writeFileSync(join(disk, 'filler'), new Uint8Array(4096));
    const { code, stderr } = await rin(['data', 'info', 'p', '--quick', '--sheet', 'disk/sheet.png'], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /^cannot write .*disk\/sheet\.png: the disk is full\n$/);
    assert.equal(readFileSync(join(disk, 'sheet.png'), 'utf8'), 'good');
    assert.deepEqual(readdirSync(disk).sort(), ['filler', 'sheet.png']);
  } finally {
    execFileSync('umount', [disk]);
  }
});

test('what a killed process left half written of a picture is removed by the next command; the rest stays', async () => {
  const cwd = await folderOf(noisy);
  const [ours, others] = [beside(join(cwd, 'new/sheet.png')), beside(join(cwd, 'new/other.png'))];
  mkdirSync(join(cwd, 'new'));
  for (const path of [ours, others]) writeFileSync(path, 'half');
  orphan(cwd);
  assert.equal((await rin(['data', 'info', 'p', '--quick', '--sheet', 'new/sheet.png'], { cwd })).code, 0);
  const names = readdirSync(join(cwd, 'new')).map((name) => name.slice(0, 9));
  assert.deepEqual(names.sort(), ['other.png', 'sheet.png']);
});
