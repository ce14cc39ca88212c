import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { ask, Listening } from '../../studio/asking.js';
import { freshFolder } from '../../training/tiny.js';
import { rin } from '../rin.js';
import { workplace } from '../tiny.js';

let folder = '';
before(async () => {
  folder = await workplace();
});

/** Starts `rin studio`, and ends it by Ctrl-C once `use` is done. @returns what it said and how it ended */
async function studio(cwd: string, use: (url: string) => Promise<void>) {
  let used: Promise<void> | undefined;
  const ended = await rin(['studio', '--port', '0', '--threads', '1'], {
    cwd,
    onOutput: (child, stdout) => {
      const url = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\//.exec(stdout)?.[0];
      if (url) used ??= use(url).finally(() => child.kill('SIGINT'));
    },
  });
  await used;
  return ended;
}

test('the page stops a training as Ctrl-C does: it saves and ends', async () => {
  const command = ['train', '--config', 'tiny.yaml', '--data', 'pictures', '--images', '100k'];
  let began: () => void = () => {};
  const hasBegun = new Promise<void>((resolve) => {
    began = resolve;
  });
  const training = rin(command, {
    cwd: folder,
    onOutput: (_, stdout) => /images\/s over the first/.test(stdout) && began(),
  });
  await Promise.race([hasBegun, training]);
  const ended = await studio(folder, async (url) => {
    const served = { url, [Symbol.asyncDispose]: async () => {} };
    const [name] = readdirSync(join(folder, 'runs'));
    using page = await Listening.to(served, name);
    const { entry } = await page.next('details');
    assert.equal(entry.state, 'running');
    assert.ok((entry.secondsLeft ?? 0) > 0);
    const grown = await page.next('lines', ({ stats }) => stats.from > 0);
    assert.ok(grown.stats.lines.length > 0, 'lines are pushed while it trains');
    const stopped = await ask(served, 'stop', { method: 'POST', body: { run: name } });
    assert.deepEqual([stopped.status, stopped.text], [200, '{}']);
    await page.next('details', (details) => details.entry.state === 'interrupted');
    const again = await ask(served, 'stop', { method: 'POST', body: { run: name } });
    assert.equal(again.status, 409);
    assert.match(again.text, /is not being trained now/);
  });
  assert.deepEqual([ended.code, ended.stderr], [130, '']);
  assert.match(ended.stdout, /^1 run in runs\nopen http:.* in a browser on this machine; Ctrl-C ends the server\n$/);
  const { code } = await training;
  assert.equal(code, 130, 'as after Ctrl-C');
  const files = readdirSync(join(folder, 'runs', '00000-pictures-8-tiny'));
  assert.ok(
    files.some((name) => name.startsWith('checkpoint-')) && files.includes('model.safetensors'),
    'it has saved',
  );
});

test('an empty folder is said, and a missing one is an error', async () => {
  const empty = freshFolder();
  const none = await rin(['studio'], { cwd: empty });
  assert.deepEqual(
    [none.code, none.stderr],
    [1, 'runs: there is no such folder; train a run first, or name the folder of the runs with --runs\n'],
  );
  mkdirSync(join(empty, 'runs'));
  const { code, stdout } = await studio(empty, async () => {});
  assert.equal(code, 130);
  assert.match(stdout, /^there are no runs in runs yet; train one: rin train --data my-pictures\n/);
  for (const [args, message] of [
    [['--port', '70000'], '--port 70000: expected a number up to 65535'],
    [['runs'], 'rin studio: unexpected argument runs; did you mean --runs runs?'],
  ] as const) {
    const { code, stderr } = await rin(['studio', ...args], { cwd: empty });
    assert.equal(code, 2);
    assert.ok(stderr.startsWith(message), stderr);
  }
});
