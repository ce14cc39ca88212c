import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { beside, finalName, sweep, writeFolder, writeWhole } from '../src/files/index.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-files-'));
after(() => rmSync(folder, { recursive: true }));

const index = new URL('../src/files/index.js', import.meta.url).href;
const ownName = `import { beside } from '${index}'; console.log(beside('target'));`;
const program = ['--input-type=module', '-e'];

/** Puts a half file there, last written some days ago. */
function leave(name: string, days: number): string {
  const path = join(folder, name);
  writeFileSync(path, 'half');
  const time = Date.now() / 1000 - days * 86_400;
  utimesSync(path, time, time);
  return path;
}

const sweepAll = () => sweep(folder, (name) => name === 'target');

test('a half file of a process that ended is removed at once; that of a stopped process is kept, however old', async () => {
  const dead = leave(execFileSync(process.execPath, [...program, ownName], { encoding: 'utf8' }).trim(), 0);
  const child = spawn(process.execPath, [...program, `${ownName} setInterval(() => {}, 1000);`]);
  try {
    const [output] = await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    const stopped = leave(String(output).trim(), 30);
    const own = leave(basename(beside('target')), 30);
    const others = leave(
      execFileSync(process.execPath, [...program, ownName.replace('target', 'mine')], { encoding: 'utf8' }).trim(),
      30,
    );
    await sweepAll();
    assert.deepEqual([dead, stopped, own, others].map(existsSync), [false, true, true, true]);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    await sweepAll();
    assert.deepEqual([stopped, own].map(existsSync), [false, true]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a number that the system gave to another process does not keep a half file', async () => {
  const reused = leave(basename(beside('target')).replace(/-\d+-(?=[\da-f]{6}\.part)/, '-17-'), 0);
  await sweepAll();
  assert.ok(!existsSync(reused));
});

test('a half file of another machine, or of an earlier version, is removed after 7 days without a write', async () => {
  const ends = ['0badcafe-1-1-abcdef.part', '01234567-89ab-cdef-0123-456789abcdef.part'];
  const young = ends.map((end) => leave(`target.${end}`, 6));
  await sweepAll();
  assert.deepEqual(young.map(existsSync), [true, true]);
  for (const end of ends) leave(`target.${end}`, 8);
  const growing = join(folder, 'target.0badcafe-2-2-abcdef.part');
  mkdirSync(growing);
  leave(`${basename(growing)}/old`, 8);
  leave(`${basename(growing)}/new`, 0);
  utimesSync(growing, 0, 0);
  await sweepAll();
  assert.deepEqual(young.map(existsSync), [false, false]);
  assert.ok(existsSync(growing), 'something was written in it just now');
});

test('what others call .part is never touched, and a folder that is not there is no error', async () => {
  const names = ['target.part', 'target.126.part', 'target.tar.part', 'target'];
  for (const name of names) leave(name, 400);
  await sweepAll();
  assert.ok(names.every((name) => existsSync(join(folder, name))));
  await sweep(join(folder, 'none'), () => true);
});

test('messages have the final names', () => {
  assert.equal(finalName(join(beside('/a/run'), beside('file'))), '/a/run/file');
  assert.equal(finalName('/a/video.126.part/b'), '/a/video.126.part/b');
});

test('a write that fails leaves the old file, and a folder that cannot be filled is not there', async () => {
  const place = join(folder, 'place');
  mkdirSync(place);
  const path = join(place, 'file');
  await writeWhole(path, 'old');
  const failing = writeWhole(path, (write) => {
    write('new, but n');
    throw new Error('enough');
  });
  await assert.rejects(failing, /enough/);
  assert.equal(readFileSync(path, 'utf8'), 'old');
  await assert.rejects(
    writeFolder(join(place, 'inner'), async (half) => {
      writeFileSync(join(half, 'a'), 'a');
      throw new Error('enough');
    }),
    /enough/,
  );
  assert.deepEqual(readdirSync(place), ['file']);
});

test('@rin/torch/files loads no libtorch', () => {
  const text = `await import('@rin/torch/files'); console.log(process.report.getReport().sharedObjects.join());`;
  const loaded = execFileSync(process.execPath, [...program, text], {
    encoding: 'utf8',
    cwd: new URL('..', import.meta.url),
  });
  assert.doesNotMatch(loaded, /torch/);
});
