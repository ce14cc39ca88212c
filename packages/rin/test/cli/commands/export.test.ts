import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { run } from '../../../src/cli/main.js';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { RIN } from '../../../src/model/rin.js';
import { freshFolder, tiny } from '../../training/tiny.js';
import { rin } from '../rin.js';

const cwd = freshFolder();
const config = tiny();
const parameters = new RIN(config.model).parameters();
mkdirSync(join(cwd, 'runs/00003-mine'), { recursive: true });
mkdirSync(join(cwd, 'runs/00004-young'));
await saveModel(join(cwd, 'runs/00003-mine/model.safetensors'), {
  config,
  classes: ['a', 'b'],
  meanSquare: 0.3,
  parameters,
});
writeFileSync(join(cwd, 'text.safetensors'), 'nothing');
mkdirSync(join(cwd, 'folder.onnx'));

const said = async (...args: string[]) => {
  const { code, stdout, stderr } = await rin(['export', ...args], { cwd });
  return [code, stdout + stderr];
};

/** Fails unless the command ends with this code and message; it runs in this process. */
async function refused(args: readonly string[], expected: number, message: string | RegExp): Promise<void> {
  const told = mock.method(console, 'error', () => {});
  const back = process.cwd();
  process.chdir(cwd);
  const code = await run(['export', ...args]).finally(() => {
    told.mock.restore();
    process.chdir(back);
  });
  const text = told.mock.calls.map((call) => call.arguments).join('\n');
  assert.equal(code, expected, text);
  if (typeof message === 'string') assert.equal(text, message);
  else assert.match(text, message);
}

test('a run is exported, with what its file holds and how near it is to libtorch', async () => {
  const [code, text] = await said('3', '--onnx', 'graphs/mine.onnx', '--check');
  assert.equal(code, 0, `${text}`);
  const count = Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
  assert.match(
    `${text}`,
    /^model: runs\/00003-mine\/model\.safetensors\ngraphs\/mine\.onnx: \d+ kB; [\d,]+ weights, 256 of them in float16 without an error\n/,
  );
  assert.match(`${text}`, /libtorch, of the largest number: prediction \d\.\de-\d+, latents \d\.\de-\d+\n$/);
  assert.ok(readFileSync(join(cwd, 'graphs/mine.onnx')).length > 4 * 0.9 * count);
  const [, half] = await said('3', '--onnx', 'graphs/mine.onnx', '--dtype', 'float16', '--reads');
  assert.match(`${half}`, /[\d,]+ of them in float16 with an error of at most 0\.000\d+\n$/);
  assert.ok(readFileSync(join(cwd, 'graphs/mine.onnx')).includes('read_0'));
});

test('a page is checked by drawing with its files, and says how its samples differ', async () => {
  const [code, text] = await said('3', '--web', 'page', '--check');
  assert.equal(code, 0, `${text}`);
  assert.match(
    `${text}`,
    /\n {2}2 samples of \w+\n {2}onnxruntime-web in Node, 2 steps: \d+ of 128 bytes differ(, at most by 1)?\n/,
  );
  assert.match(`${text}`, /\n {2}each step: page\/parity\.json\n/);
  assert.equal(JSON.parse(readFileSync(join(cwd, 'page/parity.json'), 'utf8')).engines[0].steps.length, 2);
});

test('what cannot be done gets one sentence', async () => {
  const see = '\nSee rin export --help';
  for (const [args, code, message] of [
    [[], 2, `name what to write: --web page for a web page, or --onnx model.onnx for the graph alone${see}`],
    [['--serve'], 2, `--serve shows the page of --web FOLDER; give --web page too${see}`],
    [['--web', 'page', '--port', '80'], 2, `--port 80 is for --serve; give --serve too${see}`],
    [['--web', 'page', '--serve', '--port', '70000'], 2, `--port 70000: expected a number up to 65535${see}`],
    [['--web', 'page', '--reads'], 2, `--reads is for --onnx FILE; leave it out${see}`],
    [['--onnx', 'a.onnx', '--given', 'a.gif'], 2, `--given is for --web FOLDER; leave it out${see}`],
    [
      ['3', '--onnx', 'a.safetensors'],
      2,
      `--onnx a.safetensors: expected the name of an ONNX file, such as model.onnx${see}`,
    ],
    [['3', 'mine.onnx'], 2, `rin export: unexpected argument mine.onnx; did you mean --onnx mine.onnx?${see}`],
    [['3', '--onnx', 'a.onnx', '--dtype', 'bfloat16'], 2, `--dtype bfloat16: expected float32 or float16${see}`],
    [
      ['4', '--onnx', 'a.onnx'],
      1,
      'runs/00004-young: there is no model.safetensors in this folder; a run writes it with its first checkpoint',
    ],
    [['text.safetensors', '--onnx', 'a.onnx'], 1, /^text\.safetensors: .*$/],
    [['3', '--onnx', 'folder.onnx'], 1, 'cannot write folder.onnx: it is a folder'],
    [['3', '--onnx', 'text.safetensors/a.onnx'], 1, /^cannot (make|write) .*$/],
  ] as const)
    await refused(args, code, message);
});
