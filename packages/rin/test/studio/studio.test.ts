import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { RunDifferences } from '@rin/web/studio';
import { train } from '../../src/metrics/train.js';
import { createRun } from '../../src/runs/runDirectory.js';
import { openStudio } from '../../src/studio/studio.js';
import { freshFolder, samples, tiny } from '../training/tiny.js';
import { ask, Listening } from './asking.js';

const folder = freshFolder();
const [runs, outside] = [join(folder, 'runs'), join(folder, 'outside')];
const trained = '00000-tiny';

before(async () => {
  mkdirSync(runs);
  await train({ config: tiny(), data: samples, run: join(runs, trained) });
});

const open = () => openStudio(runs, { port: 0, device: 'cpu', threads: 1 });

test('only who has the token, names this machine and comes from the page itself gets an answer', async () => {
  await using studio = await open();
  const { pathname, port } = new URL(studio.url);
  const page = await ask(studio, '');
  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8']);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal((await ask(studio, '', { headers: { host: `localhost:${port}` } })).status, 200);
  const other = pathname.replace(/[^/]/g, 'A');
  for (const path of ['/', other, pathname.slice(0, -2), `${other}events`, `/?token=${pathname.slice(1, -1)}`])
    assert.equal((await ask(studio, path)).status, 403, path);
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`])
    assert.equal((await ask(studio, '', { headers: { host } })).status, 403, host);
  const post = (headers: Record<string, string>) =>
    ask(studio, 'stop', { method: 'POST', headers, body: { run: trained } });
  for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${port}`, `http://localhost:${port}`, '']) {
    assert.equal((await post({ Origin: origin })).status, 403, origin);
    assert.equal((await ask(studio, 'events', { headers: { Origin: origin } })).status, 403, origin);
  }
  assert.equal((await ask(studio, 'events', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 403);
  assert.equal((await post({ 'Content-Type': 'text/plain' })).status, 415);
  assert.equal((await post({})).status, 409, 'it passes, and there is nothing to stop');
  assert.equal((await ask(studio, 'stop')).status, 404, 'a GET changes nothing');
  assert.equal((await ask(studio, '', { method: 'PUT' })).status, 405);
});

test('no path leaves the folder of the runs, by dots, by encoding or by links', async () => {
  await using studio = await open();
  mkdirSync(outside, { recursive: true });
  cpSync(join(runs, trained), join(outside, 'run'), { recursive: true });
  writeFileSync(join(folder, 'secret.png'), 'secret');
  symlinkSync(join(outside, 'run'), join(runs, '00007-linked'));
  cpSync(join(runs, trained), join(runs, '00008-bait'), { recursive: true });
  for (const [name, target] of [
    ['fakes-000009k.png', '../../secret.png'],
    ['other.safetensors', '../../outside/run/model.safetensors'],
  ])
    symlinkSync(target, join(runs, '00008-bait', name));
  for (const path of [
    ...[`files/${trained}/../../secret.png`, `files/${trained}/%2e%2e/%2e%2e/secret.png`, 'files/..%2fsecret.png/x'],
    ...[`files/${trained}/..%2f..%2fsecret.png`, 'files/../secret.png', `files/${trained}/config.yaml`, 'files/%00/x'],
    ...['files/..%2foutside%2frun/reals.png', 'files/00007-linked/reals.png', 'files/00008-bait/fakes-000009k.png'],
    ...['files/%2e%2e/reals.png', 'files/%/x', 'protocol.js', '../page.js'],
  ]) {
    const { status, text } = await ask(studio, path);
    assert.deepEqual([path, status, text.includes('secret')], [path, 404, false]);
  }
  const body = { seeds: [0], steps: 1 };
  for (const [run, model] of [
    ['00007-linked', 'model.safetensors'],
    ['00008-bait', 'other.safetensors'],
    [trained, '../../outside/run/model.safetensors'],
    [trained, '../model.safetensors/average'],
  ]) {
    const { status, text } = await ask(studio, 'draw', { method: 'POST', body: { ...body, run, model } });
    assert.ok(status === 404 || status === 409, text);
  }
  const { text } = await ask(studio, `files/${trained}/reals.png`);
  assert.equal(text.slice(1, 4), 'PNG');
  rmSync(join(runs, '00008-bait', 'config.yaml'));
  symlinkSync('../../secret.png', join(runs, '00008-bait', 'config.yaml'));
  cpSync(join(runs, trained), join(runs, '00009-bait'), { recursive: true });
  symlinkSync('../../outside/run', join(runs, '00009-bait', 'attention'));
  assert.equal((await ask(studio, 'files/00009-bait/attention/000001.png')).status, 409);
  using page = await Listening.to(studio, '00008-bait');
  const names = (await page.next('list')).runs.map(({ name, state, problem }) => [name, state, problem]);
  const problem = `00008-bait: its config.yaml is a link out of ${runs}`;
  assert.deepEqual(names, [
    ['00009-bait', 'damaged', `00009-bait: its attention is a link out of ${runs}`],
    ['00008-bait', 'damaged', problem],
    [trained, 'finished', undefined],
  ]);
  assert.deepEqual(await page.next('lost'), { run: '00008-bait', problem });
  for (const name of ['00007-linked', '00008-bait', '00009-bait']) rmSync(join(runs, name), { recursive: true });
});

test('the page is told of runs, lines, previews and losses as they come', async () => {
  await using studio = await open();
  const path = join(runs, '00003-grows');
  cpSync(join(runs, trained), path, { recursive: true });
  using page = await Listening.to(studio, '00003-grows');
  const list = await page.next('list');
  assert.deepEqual(
    list.runs.map(({ name, state, images, total }) => [name, state, images, total]),
    [
      ['00003-grows', 'finished', 96, 96],
      [trained, 'finished', 96, 96],
    ],
  );
  const details = await page.next('details');
  assert.deepEqual(
    details.previews.map(({ images, files }) => [images, files.png]),
    [
      [48, 'fakes-000000.048k.png'],
      [96, 'fakes-000000.096k.png'],
    ],
  );
  const first = await page.next('lines');
  assert.deepEqual(
    first.stats.lines.map(({ images }) => images),
    [16, 32, 48, 64, 80, 96],
  );

  const line = { images: 104, updates: 13, loss: 0.25, gradientNorm: 1, learningRate: 0.5 };
  appendFileSync(join(path, 'stats.jsonl'), `${JSON.stringify(line)}\n`);
  await page.next('list', ({ runs: [newest] }) => newest.loss === 0.25);
  const { run, stats, timing } = await page.next('lines');
  assert.deepEqual([run, stats.from, stats.lines.length, timing.lines], ['00003-grows', 6, 1, []]);
  assert.deepEqual(stats.lines[0], { images: 96, loss: 0.25, gradientNorm: 1, learningRate: 0.5 });

  // A resumed run takes lines back.
  const [begin] = readFileSync(join(path, 'stats.jsonl'), 'utf8').split('\n');
  writeFileSync(join(path, 'stats.jsonl'), `${begin}\n`);
  const again = await page.next('lines');
  assert.deepEqual([again.stats.from, again.stats.lines.length], [0, 1]);

  cpSync(join(path, 'fakes-000000.048k.png'), join(path, 'fakes-000000.064k.png'));
  const more = await page.next('details', ({ previews }) => previews.length === 3);
  assert.deepEqual(
    more.previews.map(({ images }) => images),
    [48, 64, 96],
  );
  const file = await ask(studio, 'files/00003-grows/fakes-000000.064k.png');
  assert.deepEqual(file.bytes, readFileSync(join(path, 'fakes-000000.064k.png')));

  rmSync(path, { recursive: true });
  assert.deepEqual(await page.next('lost'), {
    run: '00003-grows',
    problem: `00003-grows: there is no such run in ${runs}`,
  });
  using unknown = await Listening.to(studio, 'nothing');
  assert.match((await unknown.next('lost')).problem, /^nothing: there is no such run in /);
  renameSync(runs, `${runs}-away`);
  assert.match(await page.next('problem'), /^cannot read .*runs: it is gone$/);
  renameSync(`${runs}-away`, runs);
  assert.equal((await page.next('list')).runs.length, 1);
});

test('the differences of two runs are told, and what makes losses incomparable', async () => {
  await using studio = await open();
  const other = tiny({ training: { learningRate: 0.02 }, diffusion: { inputScale: 0.5 } });
  await createRun(
    join(runs, '00004-other'),
    {
      config: other,
      data: { name: 'x', fingerprint: 'y', length: 1, classes: [], skipped: [] },
    },
    async () => {},
  );
  const { status, text } = await ask(studio, `compare?run=${trained}&run=00004-other`);
  const { keys, warning } = JSON.parse(text) as RunDifferences;
  assert.equal(status, 200);
  const values = Object.fromEntries(keys.map(({ key, values }) => [key, values]));
  assert.deepEqual(values['training.learningRate'], ['0.01', '0.02']);
  assert.deepEqual(values['diffusion.inputScale'], ['1', '0.5']);
  assert.match(warning ?? '', /diffusion\.inputScale differs.*the data differ/);
  assert.equal((await ask(studio, `compare?run=${trained}&run=nothing`)).status, 404);
  assert.equal((await ask(studio, `compare?run=${trained}`)).status, 400);
  rmSync(join(runs, '00004-other'), { recursive: true });
});

test('without a folder, or without a free port, there is no studio', async () => {
  const nothing = join(folder, 'nothing');
  await assert.rejects(openStudio(nothing, { port: 0 }), {
    name: 'RinError',
    message: `${nothing}: there is no such folder; train a run first, or name the folder of the runs with --runs`,
  });
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(65_535, '127.0.0.1', () => resolve()));
  await assert.rejects(openStudio(runs, { port: 65_535 }), /^RinError: port 65535: .*in use; name another$/);
  server.close();
});
