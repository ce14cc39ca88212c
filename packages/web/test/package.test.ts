import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Runtime, startEngine } from '../src/engine.js';

const packageFolder = new URL('../../', import.meta.url);
const page = new URL('dist/page/', packageFolder);
const text = (name: string): string => readFileSync(new URL(name, packageFolder), 'utf8');

test('nothing that runs in the browser imports a module of Node, or any file that is not beside it', () => {
  for (const name of ['dist/page/page.js', 'dist/page/worker.js', 'dist/studio/studio.js'])
    assert.doesNotMatch(text(name), /(?:from|import)\s*["']|require\(/, name);
  const sources = new URL('dist/src/', packageFolder);
  const files = (readdirSync(sources, { recursive: true }) as string[]).filter((name) => name.endsWith('.js'));
  assert.ok(files.length > 20);
  // The chart is used by the studio's page alone, which has uPlot inside.
  for (const name of files)
    for (const [, from] of readFileSync(new URL(name, sources), 'utf8').matchAll(
      /^(?:import|export) .* from '(.*)';/gm,
    ))
      assert.match(
        from,
        name === 'studio/chart.js' ? /^(\.|@rin\/core$|uplot$)/ : /^(\.|@rin\/core$)/,
        `${name} imports ${from}`,
      );
});

test('an engine keeps no arrays of earlier passes', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  let alive = 0;
  const freed = new FinalizationRegistry(() => alive--);
  const runtime = {
    Tensor: class {},
    env: { wasm: {}, webgpu: {} },
    InferenceSession: {
      create: async () => ({
        async run() {
          const data = new Float32Array(1000);
          alive++;
          freed.register(data, undefined);
          return { prediction: { dims: [1000], getData: async () => data } };
        },
      }),
    },
  };
  for (const name of ['wasm', 'webgpu'] as const) {
    const engine = await startEngine(runtime as unknown as Runtime, new Uint8Array(), { name, threads: 1 });
    for (let pass = 0; pass < 50; pass++) await engine.run({}, ['prediction']);
    for (let round = 0; round < 10 && alive > 5; round++) {
      gc();
      await setImmediate();
    }
    assert.ok(alive <= 5, `${name}: ${alive} of 50 arrays are left`);
  }
});

test('the code of the page and that of the worker are below 30 kB each, with @rin/core', () => {
  for (const name of ['page.js', 'worker.js']) assert.ok(statSync(new URL(name, page)).size < 30_000, name);
});

test('the page names no other host and has no code or style inside, so a strict policy holds', () => {
  const html = text('dist/page/index.html');
  assert.doesNotMatch(
    html + text('dist/page/page.css') + text('dist/page/page.js') + text('dist/page/worker.js'),
    /https?:\/\/(?!127|localhost)/,
  );
  assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| style=| on\w+=/);
  assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  for (const [, name] of html.matchAll(/(?:src|href)="([^"#:]+)"/g))
    if (!name.startsWith('engine/')) assert.ok(existsSync(new URL(name, page)), name);
});

test('the page of the studio has a script below 100 kB, uPlot included, and nothing inside that its policy forbids', () => {
  assert.ok(statSync(new URL('dist/studio/studio.js', packageFolder)).size < 100_000);
  const html = text('dist/studio/index.html');
  assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| style=| on\w+=|https?:/);
  assert.match(text('dist/studio/LICENSE.txt'), /MIT License.*Leon Sorokin/s);
});
