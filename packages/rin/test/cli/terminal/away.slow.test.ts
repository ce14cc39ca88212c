import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bin, rin } from '../rin.js';
import { workplace } from '../tiny.js';

// A terminal that goes away, a log on a full disk, and npm that ends lose nothing of a training.

let cwd = '';
before(async () => {
  cwd = await workplace();
  const yaml = readFileSync(join(cwd, 'tiny.yaml'), 'utf8');
  writeFileSync(join(cwd, 'long.yaml'), yaml.replace('images: 1600', 'images: 4000000'));
});

// As a user calls it: not by npm, and not under nohup, even if the tests themselves are.
const { npm_lifecycle_event: _, _: __, ...env } = process.env;

interface Running {
  readonly child: ChildProcess;
  readonly runs: string;
  readonly ended: Promise<number | string>;
}

/** Starts a program that is to train for hours. @param command what comes before the arguments of `rin` */
function start(...command: string[]): Running {
  const runs = mkdtempSync(join(cwd, 'runs-'));
  const paths = [join(cwd, 'long.yaml'), join(cwd, 'pictures'), runs];
  const args = ['train', '--config', paths[0], '--data', paths[1], '--runs', paths[2]];
  const [program, ...rest] = command;
  const child = spawn(program, [...rest, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  child.stdout?.resume();
  after(() => {
    for (const pid of pidsWith(runs)) process.kill(pid, 'SIGKILL'); // of a test that failed
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? String(signal)));
  });
  return { child, runs, ended };
}

/** Processes with a text in their command line. */
const pidsWith = (text: string): number[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text) ? [Number(pid)] : [];
    } catch {
      return []; // it has just ended
    }
  });

/** Waits for something that another process does. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const from = performance.now(); !isSo(); await sleep(20))
    assert.ok(performance.now() - from < 30_000, `never: ${what}`);
}

/** The only run, once its folder has its final name. */
const runOf = ({ runs }: Running): string | undefined =>
  readdirSync(runs).find((name) => /^\d+-/.test(name) && !name.endsWith('.part'));

/** Files of the only run. */
function files(running: Running): string[] {
  const { runs } = running;
  const run = runOf(running);
  return run ? readdirSync(join(runs, run)) : [];
}
const trains = (running: Running) => until('statistics', () => files(running).includes('stats.jsonl'));
/** Images of the checkpoints: `checkpoint-000012.800k` is 12,800. */
const checkpoints = (running: Running): number[] =>
  files(running).flatMap((name) => {
    const thousands = /^checkpoint-([\d.]+)k$/.exec(name)?.[1];
    return thousands === undefined ? [] : [Math.round(1000 * Number(thousands))];
  });
const newest = (running: Running): number => Math.max(0, ...checkpoints(running));

/** Waits for a checkpoint of the interval. */
function trainsOn(running: Running): Promise<void> {
  const before = newest(running);
  return until('another checkpoint', () => newest(running) > before);
}

/** Whether the newest checkpoint has all that the run has learnt. */
function isSaved(running: Running): boolean {
  const run = runOf(running) ?? assert.fail('there is no run');
  const lines = readFileSync(join(running.runs, run, 'stats.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  return newest(running) >= (JSON.parse(lines.at(-1) ?? '') as { images: number }).images;
}
const assertSaved = (running: Running): void =>
  assert.ok(isSaved(running), `checkpoints: ${checkpoints(running).join(', ')}`);

test('SIGHUP saves and ends with 129; a second one, which the system sends too, does not cut that off at any time', async () => {
  const running = start(process.execPath, bin);
  await trains(running);
  running.child.kill('SIGHUP');
  const again = setInterval(() => running.child.kill('SIGHUP'), 1);
  const end = await running.ended;
  clearInterval(again);
  assert.equal(end, 129);
  assertSaved(running);
});

test('under nohup a training survives SIGHUP, and saves when it is told to stop', async () => {
  const script = `nohup '${process.execPath}' '${bin}' "$@" > /dev/null & echo $! > pid; wait $!`;
  const running = start('bash', '-c', script, 'bash');
  await trains(running);
  const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'));
  process.kill(pid, 'SIGHUP');
  await trainsOn(running);
  process.kill(pid, 'SIGTERM');
  assert.equal(await running.ended, 143);
  assertSaved(running);
});

/** Runs a program in a terminal, closes it after the first line of stdin, and sends SIGTERM after the second. */
const terminal = `
import os, pty, signal, sys, threading
if sys.argv[1] == 'ignore': signal.signal(signal.SIGHUP, signal.SIG_IGN)
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[2], sys.argv[2:])
def read():
  try:
    while os.read(fd, 4096): pass
  except OSError: pass
threading.Thread(target=read, daemon=True).start()
def obey():
  sys.stdin.readline()
  os.dup2(os.open('/dev/null', os.O_RDONLY), fd)
  if sys.stdin.readline(): os.kill(pid, signal.SIGTERM)
threading.Thread(target=obey, daemon=True).start()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
`;
const hasPython = spawnSync('python3', ['-c', 'import os; os.waitstatus_to_exitcode'], { cwd: '/' }).status === 0;
const python = { skip: !hasPython && 'there is no python3 to make a terminal' };

test('a terminal that is closed saves and ends', python, async () => {
  const running = start('python3', '-c', terminal, 'hang up', process.execPath, bin);
  await trains(running);
  running.child.stdin?.write('\n');
  assert.equal(await running.ended, 129);
  assertSaved(running);
});

test(
  'if SIGHUP is ignored, training goes on without the closed terminal, and saves when it is told to',
  python,
  async () => {
    const running = start('python3', '-c', terminal, 'ignore', process.execPath, bin);
    await trains(running);
    running.child.stdin?.write('\n');
    await trainsOn(running);
    running.child.stdin?.write('\n');
    assert.equal(await running.ended, 143);
    assertSaved(running);
  },
);

test('npm that ends, by whatever signal, ends the training too, which saves', async () => {
  const call = `'${process.execPath}' '${bin}'`;
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ scripts: { rin: call, exec: `exec ${call}` } }));
  for (const [script, signal, end] of [
    ['rin', 'SIGTERM', 'SIGTERM'], // npm ends its shell, and then itself
    ['rin', 'SIGKILL', 'SIGKILL'],
    ['exec', 'SIGTERM', 143], // npm waits for the training
  ] as const) {
    const running = start('npm', 'run', script, '--');
    await trains(running);
    running.child.kill(signal);
    assert.equal(await running.ended, end);
    await until('a checkpoint of all', () => isSaved(running) && pidsWith(running.runs).length === 0);
  }
});

/** What a command ends with that writes to a full disk. */
async function onFullDisk(streams: { stdout: boolean; stderr: boolean }, ...args: string[]) {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env,
    stdio: ['ignore', streams.stdout ? full : 'ignore', streams.stderr ? full : 'pipe'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stderr };
}

test('on a full disk a training goes on without its log and ends well; a command that only answers fails', async () => {
  const train = (name: string) => ['train', '--config', 'tiny.yaml', '--data', 'pictures', '--run', name];
  const lost = 'stdout: the disk is full; all further output to it is lost\n';
  const first = await onFullDisk({ stdout: true, stderr: false }, ...train('first'));
  // a training of more than some seconds reports its progress on stderr too
  const said = first.stderr.split(/(?<=\n)/).filter((line) => !/^[\d,]+ of 1,600 images/.test(line));
  assert.deepEqual([first.code, said], [0, [lost]]);
  assert.deepEqual(await onFullDisk({ stdout: true, stderr: true }, ...train('second')), { code: 0, stderr: '' });
  for (const run of ['first', 'second']) assert.ok(readdirSync(join(cwd, run)).includes('checkpoint-000001.600k'));
  assert.deepEqual(await onFullDisk({ stdout: true, stderr: false }, 'runs'), { code: 1, stderr: lost });
  assert.deepEqual(await onFullDisk({ stdout: true, stderr: true }, 'runs'), { code: 1, stderr: '' });
});

test('names with control characters reach the terminal as escapes', async () => {
  const said = await rin(['train', '--config', 'tiny.yaml', '--data', 'none\x1b[2J', '--verbose=\x9b1m'], { cwd });
  const missing = await rin(['train', '--config', 'tiny.yaml', '--data', 'none\x1b[2J'], { cwd });
  const trained = await rin(['train', '--config', 'tiny.yaml', '--data', 'pictures', '--run', 'a\x1b[2Jb\u202e'], {
    cwd,
  });
  for (const { stdout, stderr } of [said, missing, trained]) {
    assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|\u202e/u);
    assert.match(stdout + stderr, /\\x/);
  }
  assert.equal(trained.code, 0);
});
