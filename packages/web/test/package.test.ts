import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

const packageFolder = new URL('../../', import.meta.url);
const page = new URL('dist/page/', packageFolder);
const text = (name: string): string => readFileSync(new URL(name, page), 'utf8');

test('nothing that runs in the browser imports a module of Node, or any file that is not beside it', () => {
  for (const name of ['page.js', 'worker.js'])
    assert.doesNotMatch(text(name), /(?:from|import)\s*["']|require\(/, name);
  const sources = new URL('dist/src/', packageFolder);
  const files = (readdirSync(sources, { recursive: true }) as string[]).filter((name) => name.endsWith('.js'));
  assert.ok(files.length > 20);
  for (const name of files)
    for (const [, from] of readFileSync(new URL(name, sources), 'utf8').matchAll(
      /^(?:import|export) .* from '(.*)';/gm,
    ))
      assert.match(from, /^(\.|@rin\/core$)/, `${name} imports ${from}`);
});

test('the code of the page and that of the worker are below 30 kB each, with @rin/core', () => {
  for (const name of ['page.js', 'worker.js']) assert.ok(statSync(new URL(name, page)).size < 30_000, name);
});

test('the page names no other host and has no code or style inside, so a strict policy holds', () => {
  const html = text('index.html');
  assert.doesNotMatch(html + text('page.css') + text('page.js') + text('worker.js'), /https?:\/\/(?!127|localhost)/);
  assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| style=| on\w+=/);
  assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  for (const [, name] of html.matchAll(/(?:src|href)="([^"#:]+)"/g))
    if (!name.startsWith('engine/')) assert.ok(existsSync(new URL(name, page)), name);
});
