import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../../src/export/serve.js';
import { freshFolder } from '../training/tiny.js';

const folder = freshFolder();
const root = join(folder, 'page');
mkdirSync(join(root, 'engine'), { recursive: true });
writeFileSync(join(root, 'index.html'), '<p>page');
writeFileSync(join(root, 'engine/a.wasm'), 'wasm');
writeFileSync(join(folder, 'secret.txt'), 'secret');
mkdirSync(join(folder, 'page-other'));
writeFileSync(join(folder, 'page-other/b.txt'), 'secret');
symlinkSync(join(folder, 'secret.txt'), join(root, 'link.txt'));

/** An answer to a path that is sent as it stands. */
function ask(url: string, path: string, { method = 'GET', headers = {} } = {}) {
  const { port } = new URL(url);
  return new Promise<{ status?: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
    })
      .on('error', reject)
      .end();
  });
}

test('a folder is shown with the types of its files, and lets a page use threads', async () => {
  await using serving = await serve(root, { port: 0 });
  const page = await ask(serving.url, '/?seed=1');
  assert.deepEqual(
    [page.status, page.text, page.headers['content-type']],
    [200, '<p>page', 'text/html; charset=utf-8'],
  );
  assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
  assert.equal(page.headers['cross-origin-embedder-policy'], 'require-corp');
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  const wasm = await ask(serving.url, '/engine/a.wasm', { method: 'HEAD' });
  assert.deepEqual([wasm.status, wasm.text], [200, '']);
  assert.deepEqual([wasm.headers['content-type'], wasm.headers['content-length']], ['application/wasm', '4']);
});

test('no path leaves the folder, no other host is answered, and nothing is written', async () => {
  await using serving = await serve(root, { port: 0 });
  for (const path of [
    ...['/../secret.txt', '/engine/../../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/%2e%2e%2fsecret.txt'],
    ...['/link.txt', '/../page-other/b.txt', '//secret.txt', '/engine', '/nothing.js', '/%00', '/%', '/engine/'],
  ]) {
    const { status, text } = await ask(serving.url, path);
    assert.deepEqual([path, status, text.includes('secret')], [path, 404, false]);
  }
  for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example'])
    assert.equal((await ask(serving.url, '/', { headers: { host } })).status, 403, host);
  for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await ask(serving.url, '/', { method })).status, 405);
});

test('of a port in use the next free one is taken; a missing folder is one sentence', async () => {
  await using first = await serve(root, { port: 0 });
  const port = Number(new URL(first.url).port);
  await using second = await serve(root, { port });
  assert.ok(Number(new URL(second.url).port) > port);
  await assert.rejects(serve(join(folder, 'none')), { name: 'RinError', message: /none: there is no such folder$/ });
});
