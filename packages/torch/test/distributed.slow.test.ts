import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { groupBackends, launchedGroup, openGroup, TorchError } from '../src/index.js';

const child = fileURLToPath(new URL('groupChild.js', import.meta.url));
const needsC10d = { skip: groupBackends().length === 0 && 'this libtorch has no headers of c10d' };

interface Ended {
  readonly code: number | null;
  readonly said: readonly unknown[];
  readonly stderr: string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** Runs a task in the first `ranks` processes of a group of `size`. */
async function together(task: string, size: number, ranks = size): Promise<Ended[]> {
  const port = String(await freePort());
  const children: ChildProcess[] = [];
  const ends = Array.from({ length: ranks }, async (_, rank): Promise<Ended> => {
    const env = { ...process.env, RANK: String(rank), WORLD_SIZE: String(size), MASTER_ADDR: '127.0.0.1' };
    const one = spawn(process.execPath, [child, task], { env: { ...env, MASTER_PORT: port, OMP_NUM_THREADS: '1' } });
    children.push(one);
    let [stdout, stderr] = ['', ''];
    one.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    one.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = (await once(one, 'close')) as [number | null];
    const isOwn = (line: string): boolean => line !== '' && !line.startsWith('[Gloo]'); // libtorch 2.8 prints such lines
    const said = stdout
      .split('\n')
      .filter(isOwn)
      .map((line): unknown => JSON.parse(line));
    return { code, said, stderr };
  });
  await Promise.all(ends.filter((_, rank) => rank !== 1));
  if (['stopped', 'late'].includes(task)) children[1]?.kill('SIGKILL'); // it would not end by itself
  return Promise.all(ends);
}

test('sums, copies and texts reach every rank, and calls that start together keep their order', needsC10d, async () => {
  const ended = await together('all', 3);
  for (const { code, said, stderr } of ended) {
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    const [, { a, b, c, d, name, refused }] = said as [string, Record<string, unknown>];
    assert.deepEqual(
      [b, c, d, name],
      [
        [
          [3, 3, 3],
          [3, 3, 3],
        ],
        [10],
        [
          [1, 1, 2],
          [3, 4, 5],
        ],
        'grüße',
      ],
    );
    assert.deepEqual(refused, new Array(3).fill('the group is closed'));
    const [whole, tenths] = a as number[];
    assert.equal(whole, 6);
    assert.ok(Math.abs(tenths - 0.3) < 1e-7); // float32
    assert.deepEqual(said, ended[0].said, 'the same bits on every rank');
  }
});

for (const [task, message] of [
  ['killed', /^rank 1 has ended, or cannot be reached$/],
  ['stopped', /^rank 1 has ended, or cannot be reached$/],
  ['gaveUp', /^rank 1 has ended: the disk is full$/],
  ['waited', /^rank 1 has ended, or cannot be reached$/],
  ['late', /^rank 1 did not answer within 2 s$/],
] as const) {
  test(`a rank that is ${task} is named by the others`, needsC10d, async () => {
    const [first, , third] = await together(task, 3);
    for (const { code, said, stderr } of [first, third]) {
      assert.equal(code, 7, stderr);
      const [, error] = said as [string, { message: string; ranks: number[] }];
      assert.match(error.message, message);
      assert.deepEqual(error.ranks, [1]);
      assert.equal(stderr, '', 'nothing but the error is said');
    }
  });
}

test('ranks that do not come are named', needsC10d, async () => {
  const [{ code, said }] = await together('all', 4, 1);
  assert.equal(code, 7);
  const [{ message, ranks }] = said as [{ message: string; ranks: number[] }];
  assert.match(message, /^ranks 1, 2 and 3 did not come to 127\.0\.0\.1:\d+ within 2 s$/);
  assert.deepEqual(ranks, [1, 2, 3]);
});

test('a rank says that nothing answers where rank 0 should be', needsC10d, async () => {
  const port = await freePort();
  await assert.rejects(openGroup({ rank: 1, size: 2, host: '127.0.0.1', port, timeout: 1 }), (error: unknown) => {
    assert.ok(error instanceof TorchError);
    assert.equal(error.message, `rank 1: nothing answers at 127.0.0.1:${port} within 1 s; is rank 0 running there?`);
    return true;
  });
});

test('the variables of launchers are read, and checked', () => {
  const env = { RANK: '1', WORLD_SIZE: '4', MASTER_ADDR: 'node0', MASTER_PORT: '29500' };
  assert.deepEqual(launchedGroup(env), { rank: 1, size: 4, host: 'node0', port: 29_500 });
  assert.equal(launchedGroup({}), undefined);
  assert.equal(launchedGroup({ ...env, RANK: '0', WORLD_SIZE: '1' }), undefined);
  const elastic = { ...env, TORCHELASTIC_USE_AGENT_STORE: 'True', TORCHELASTIC_RESTART_COUNT: '2' };
  const { hostsStore, prefix } = launchedGroup(elastic) ?? {};
  assert.deepEqual([hostsStore, prefix], [false, '/worker/attempt_2']);
  assert.throws(() => launchedGroup({ ...env, MASTER_ADDR: undefined }), /MASTER_ADDR is not set; set all, or none$/);
  assert.throws(
    () => launchedGroup({ ...env, RANK: '4' }),
    /^TorchError: RANK is "4": expected a whole number from 0 to 3$/,
  );
  assert.throws(() => launchedGroup({ ...env, WORLD_SIZE: 'many' }), /WORLD_SIZE is "many": expected a whole number/);
});
