// @ts-check
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { packages, references } from '../api/references.mjs';

for (const { path, text } of references()) {
  test(`${path} is what the docstrings say`, () => {
    const kept = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.equal(kept, text, 'write it anew: npm run api');
  });
}

for (const { name, modules } of packages()) {
  test(`everything that ${name} exports has a docstring`, () => {
    const silent = modules.flatMap(({ path, exported }) => {
      const said = new Set(exported.flatMap((each) => (each.doc === '' ? [] : [each.name])));
      return exported.flatMap((each) => (said.has(each.name) ? [] : [`${path}: ${each.name}`]));
    });
    assert.deepEqual(silent, []);
  });
}
