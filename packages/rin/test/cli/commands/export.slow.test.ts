import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { writeClip } from '../../../src/media/clipFile.js';
import { RIN } from '../../../src/model/rin.js';
import { freshFolder, tiny } from '../../training/tiny.js';
import { rin } from '../rin.js';

/** A folder with a run, whose network continues clips if `givenFrames` is set. */
async function workplace(model: object): Promise<string> {
  const cwd = freshFolder();
  const config = tiny({ model });
  mkdirSync(join(cwd, 'runs/00003-mine'), { recursive: true });
  const parameters = new RIN(config.model).parameters();
  const facts = { config, classes: ['a', 'b'], meanSquare: 0.3, parameters };
  await saveModel(join(cwd, 'runs/00003-mine/model.safetensors'), facts);
  return cwd;
}

test('a page is written with its sizes and shown until Ctrl-C, on a port that is free', async () => {
  const cwd = await workplace({});
  let answered: Promise<string> | undefined;
  const { code, stdout } = await rin(['export', '3', '--web', 'page', '--serve', '--port', '9000'], {
    cwd,
    onOutput: (child, text) => {
      const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(text) ?? [];
      if (!url || answered) return;
      answered = fetch(url).then((answer) => answer.text());
      answered.finally(() => child.kill('SIGINT'));
    },
  });
  assert.equal(code, 130);
  assert.match(
    stdout,
    /^model: .*\npage: a web page, 11 files\n {2}model {3}\d+ kB; .*\n {2}page {4}\d+ kB\n {2}engine {2}\d+ MB \(4\.\d MB compressed\) with WebGPU, or \d+ MB \(3\.\d MB compressed\) without; .*\nopen http/,
  );
  assert.match((await answered) ?? '', /<title>tiny<\/title>/);
});

test('a page of a model with given frames has the clips that go on, and needs them', async () => {
  const cwd = await workplace({ size: [4, 8, 8], patch: [2, 4, 4], givenFrames: 2 });
  const data = Uint8Array.from({ length: 3 * 64 }, (_, i) => (i * 7) % 256);
  await writeClip(join(cwd, 'clip.gif'), { data, shape: [1, 3, 8, 8] });
  const without = await rin(['export', '3', '--web', 'page'], { cwd });
  assert.deepEqual([without.code, existsSync(join(cwd, 'page'))], [1, false]);
  assert.match(without.stderr, /^this model continues clips: name one with --given, of at least 2 frames/);
  const { code, stderr } = await rin(['export', '3', '--web', 'page', '--given', 'clip.gif'], { cwd });
  assert.equal(code, 0, stderr);
  const { given } = JSON.parse(readFileSync(join(cwd, 'page/model.json'), 'utf8'));
  assert.deepEqual(given, { file: 'given.bin', bytes: 2 * 64 });
  writeFileSync(join(cwd, 'file'), '');
  const blocked = await rin(['export', '3', '--web', 'file', '--given', 'clip.gif'], { cwd });
  assert.deepEqual([blocked.code, blocked.stderr.split('\n').length], [1, 2], blocked.stderr);
});
