import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as torch from '../src/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

// A folder like that of a program which has the package installed
const folder = mkdtempSync(join(tmpdir(), 'readme-'));
after(() => rmSync(folder, { recursive: true }));
const modules = join(root, '../../node_modules');

const examples = [
  ...readme.matchAll(/^## ([^\n]+)\n(?:(?!^## |^```)[^\n]*\n)*```js\n(.*?)^```\n+```text\n(.*?)^```/gms),
];

test('the README has its four examples', () => {
  assert.deepEqual(
    examples.map(([, title]) => title),
    ['Fit a line', 'A small network', 'Random numbers', 'Errors'],
  );
});

for (const [, title, code, output] of examples) {
  test(`README, "${title}": the program prints what stands below it`, () => {
    if (!existsSync(join(folder, 'node_modules'))) symlinkSync(modules, join(folder, 'node_modules'));
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    assert.equal(child.stdout, output);
  });
}

/** The methods of tensors, without those of `Handle`. */
function methods(prototype: object): string[] {
  const parent = Object.getPrototypeOf(prototype) as object;
  const inherited = Object.hasOwn(parent, 'dispose') ? [] : methods(parent);
  return [...Object.getOwnPropertyNames(prototype), ...inherited];
}

test('every method and function that the README lists is there, and every one that is there is listed', () => {
  const [, names] = readme.match(/^## Names\n(.*?)^You call every other operator/ms) ?? [];
  const listed = new Set([...(names ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const ofTensor = methods(torch.Tensor.prototype);
  for (const name of ofTensor) {
    if (!['constructor', 'grad', 'backward'].includes(name)) assert.ok(listed.has(name), `${name} is not listed`);
  }
  const functions = Object.keys(torch).filter((name) => /^[a-z]/.test(name));
  for (const name of listed)
    assert.ok(name === '_' || ofTensor.includes(name) || functions.includes(name), `${name} is not there`);
  const elsewhere = readme.replace(names ?? '', '');
  for (const name of functions)
    assert.ok(listed.has(name) || elsewhere.includes(name), `${name} is nowhere in the README`);
});
