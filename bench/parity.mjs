// @ts-check
// How near other engines come to libtorch: the same seeds, sampled by onnxruntime-web in Node and by @rin/web in Chromium, in
// WebAssembly and on WebGPU (software adapter, 3 steps). It prints the largest difference of a byte, and writes parity.json with
// that of each step. The table of docs/web.md.
//     node bench/parity.mjs [MODEL] [STEPS] [SAMPLER]
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadHere } from '@rin/web';
import { build } from 'esbuild';
import * as runtime from 'onnxruntime-web';
import { chromium } from 'playwright-core';
import { exportWeb, findModel, loadModel, samples, serve } from 'rin';
import { browser as findBrowser } from '../scripts/browser.mjs';

const demo = fileURLToPath(new URL('../packages/rin/models/emoji-64.safetensors', import.meta.url));
const [named = demo, steps = '100', sampler = 'ddpm'] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));
const model = await loadModel(await findModel(named));
const seeds = Array.from({ length: Math.max(1, Math.min(7, model.config.model.classes)) }, (_, seed) => seed);
const folder = mkdtempSync(join(tmpdir(), 'rin-parity-'));
await exportWeb(model, folder);

/**
 * The bytes of all pictures after each step.
 *
 * @typedef {Uint8Array[]} Steps
 */

/** @param {readonly { data: Uint8Array }[]} pictures */
const joined = (pictures) => Uint8Array.from(pictures.flatMap(({ data }) => Array.from(data)));

/** @param {number} count @returns {Promise<Steps>} */
async function byLibtorch(count) {
  /** @type {Steps} */
  const found = [];
  const options = { seeds, steps: count, sampler: /** @type {'ddpm'} */ (sampler) };
  const onStep = (/** @type {import('rin').SampleStep} */ { x0 }) => void found.push(joined(x0()));
  const last = [];
  for await (const { image } of samples(model, { ...options, onStep })) last.push(image);
  return [...found.slice(0, -1), joined(last)];
}

/** @param {number} count @returns {Promise<Steps>} */
async function inNode(count) {
  const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const web = await loadHere({ manifest, graph: new Uint8Array(readFileSync(join(folder, 'model.onnx'))) }, runtime);
  const found = [];
  const options = { seeds, steps: count, sampler: /** @type {'ddpm'} */ (sampler) };
  for await (const { pictures } of web.sample(options)) found.push(joined(pictures));
  return found;
}

const program = `
import { load } from '@rin/web';
globalThis.draw = async (engine, options) => {
  const model = await load('./', { engines: [engine] });
  const found = [];
  for await (const { pictures } of model.sample(options)) found.push(pictures.map(({ data }) => Array.from(data)));
  return found.map((pictures) => pictures.flat());
};`;

/** @param {'wasm' | 'webgpu'} engine @param {number} count @param {string} path @returns {Promise<Steps>} */
async function inChromium(engine, count, path) {
  const gpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const args = [...root, ...(engine === 'webgpu' ? gpu : [])];
  const browser = await chromium.launch({ executablePath: path, args });
  const serving = await serve(folder, { port: 0 });
  try {
    const page = await browser.newPage();
    await page.goto(`${serving.url}parity.html`);
    await page.waitForFunction('globalThis.draw');
    const options = { seeds, steps: count, sampler };
    const found = await page.evaluate(`globalThis.draw(${JSON.stringify(engine)}, ${JSON.stringify(options)})`);
    return /** @type {number[][]} */ (found).map((bytes) => Uint8Array.from(bytes));
  } finally {
    await browser.close();
    await serving[Symbol.asyncDispose]();
  }
}

/** @param {string} engine @param {Steps} found @param {Steps} expected */
function compared(engine, found, expected) {
  const largest = found.map((bytes, step) =>
    bytes.reduce((most, byte, i) => Math.max(most, Math.abs(byte - expected[step][i])), 0),
  );
  const last = found.at(-1) ?? new Uint8Array();
  const end = expected.at(-1) ?? new Uint8Array();
  const differing = last.reduce((count, byte, i) => count + Number(byte !== end[i]), 0);
  console.log(
    `${engine}, ${found.length} steps of ${sampler}: at most ${largest.at(-1)} apart, ${differing} of ${last.length} bytes differ; ` +
      `over all steps at most ${Math.max(...largest)} apart`,
  );
  return { engine, steps: found.length, largestOfStep: largest, differing, bytes: last.length };
}

try {
  const [whole, short] = [await byLibtorch(Number(steps)), await byLibtorch(3)];
  const results = [compared('onnxruntime-web in Node', await inNode(Number(steps)), whole)];
  const found = await findBrowser();
  if ('why' in found) console.log(found.why);
  else {
    await build({
      ...{ stdin: { contents: program, resolveDir: root }, outfile: join(folder, 'parity.js') },
      ...{ bundle: true, format: 'esm' },
    });
    copyFileSync(join(root, 'packages/web/dist/page/worker.js'), join(folder, 'worker.js'));
    writeFileSync(join(folder, 'parity.html'), '<script type="module" src="parity.js"></script>');
    results.push(compared('Chromium, WebAssembly', await inChromium('wasm', Number(steps), found.path), whole));
    results.push(compared('Chromium, WebGPU', await inChromium('webgpu', 3, found.path), short));
  }
  writeFileSync('parity.json', `${JSON.stringify({ model: model.config.name, sampler, seeds, results }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
