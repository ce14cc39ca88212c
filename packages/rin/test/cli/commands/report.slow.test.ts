import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { all, elementsOf } from '../../report/page/document.js';
import { rin } from '../rin.js';
import { workplace } from '../tiny.js';

const flags = ['--images', '240', '--training.warmup', '80', '--training.sampleEvery', '120', '--validation', '0.4'];

test('rin report writes the page of the newest run, or of the run that is named', async () => {
  const cwd = await workplace();
  const trained = await rin(['train', '--config', 'tiny.yaml', '--data', 'pictures', ...flags], { cwd });
  assert.equal(trained.code, 0, trained.stderr);
  const [run] = readdirSync(join(cwd, 'runs'));
  const machines = readFileSync(join(cwd, 'runs', run, 'machine.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const [machine] = machines.map((line) => JSON.parse(line));
  assert.deepEqual([machines.length, machine.images, machine.threads, machine.dtype], [1, 0, 1, 'float32']);

  const newest = await rin(['report'], { cwd });
  assert.equal(newest.code, 0, newest.stderr);
  const file = join('runs', run, 'report.html');
  assert.match(newest.stdout, /^The held-out loss is a mean over only 2 pictures, so it says little\.$/m);
  assert.ok(newest.stdout.includes(`report of ${run}: ${file} (`) && newest.stdout.endsWith(', 2 previews)\n'));
  const elements = elementsOf(readFileSync(join(cwd, file), 'utf8'));
  assert.equal(all(elements, 'h1')[0].text, run);
  assert.deepEqual([all(elements, '.chart').length, all(elements, 'img').length], [4, 3]);
  assert.ok(all(elements, 'td').some(({ text }) => text === machine.processor));
  const facts = all(elements, 'dd').map(({ text }) => text);
  for (const known of ['finished', '240 of 240', '2, 2 in each loss', '60 times'])
    assert.ok(facts.includes(known), known);

  const named = await rin(['report', '0', '--out', 'pages/first.html'], { cwd });
  assert.equal(named.code, 0, named.stderr);
  const without = (text: string) => text.replace(/Made by rin report at [^.]*\./, '');
  assert.equal(
    without(readFileSync(join(cwd, 'pages/first.html'), 'utf8')),
    without(readFileSync(join(cwd, file), 'utf8')),
  );
});

test('a run that is not there, a model, and a name that is no page are one sentence', async () => {
  const cwd = await workplace();
  for (const [args, code, message] of [
    [[], 1, /^there are no runs in runs; train one: /],
    [['7'], 1, /^7: there is no run of this number in runs; it has no runs yet$/],
    [['nothing'], 1, /^nothing: there is no such run in runs; run "/],
    [['pictures'], 1, /^pictures: it is not a run: config\.yaml or data\.json is missing$/],
    [['tiny.yaml'], 1, /^tiny\.yaml: it is a file; name the folder of a run$/],
    [['--out', 'page.png'], 2, /^--out page\.png: expected the name of an HTML file, such as report\.html\n/],
  ] as const) {
    const ended = await rin(['report', ...args], { cwd });
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr.trimEnd(), message);
  }
  assert.ok(!readdirSync(join(cwd, 'pictures')).includes('report.html'));
});
