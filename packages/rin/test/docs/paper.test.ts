import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// docs/paper.md: "every file, function and test named here is there."

const docs = fileURLToPath(new URL('../../../../../docs/', import.meta.url));
const pytorch = readFileSync(join(docs, '../examples/pytorch/rin.py'), 'utf8');
const rows = readFileSync(join(docs, 'paper.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!paper \|)/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

/** Each file that a cell links to, with what is named between it and the next one. */
const parts = (cell: string): { text: string; path: string; named: string }[] =>
  [...cell.matchAll(/\[`[^`]+`\]\(([^)]+)\)([^[]*)/g)].map(([, path, named]) => {
    assert.ok(existsSync(join(docs, path)), `${path} is not there`);
    return { path, named, text: readFileSync(join(docs, path), 'utf8') };
  });

/** Whether a source declares this function, constant or class, or this member of a class. */
function declares(text: string, name: string): boolean {
  const [owner, member] = name.includes('.') ? name.split('.') : [undefined, name];
  if (owner === undefined) return new RegExp(`(function\\*?|const|class|def) ${name}\\b|^  ${name}\\(`, 'm').test(text);
  const body = new RegExp(`class ${owner}\\b[^]*?(?=\\n(export )?class |$(?![^]))`).exec(text)?.[0] ?? '';
  return new RegExp(`^ +(def )?${member}\\(`, 'm').test(body);
}

for (const [what, ours, theirs, checks] of rows) {
  test(`${what}: where it is, and how it is checked`, () => {
    const sources = parts(ours);
    assert.ok(sources.length > 0);
    // Those two check the recomputation in float64 by hand, and nothing of ours.
    assert.ok(
      parts(checks).some(({ path }) => !/\/reference(Layers)?\.test\.ts$/.test(path)),
      'nothing of ours is checked',
    );
    for (const { path, text, named } of sources) {
      for (const [, name] of named.matchAll(/`([^`]+)`/g)) assert.ok(declares(text, name), `${path} has no ${name}`);
    }
    for (const [, name] of theirs.matchAll(/`([^`]+)`/g)) assert.ok(declares(pytorch, name), `rin.py has no ${name}`);
    for (const { path, text, named } of parts(checks)) {
      for (const [, name] of named.matchAll(/“([^”]+)”/g)) {
        assert.ok(text.includes(name.replaceAll("'", "\\'")) || text.includes(name), `${path} has no test “${name}”`);
      }
    }
  });
}

test('the tables have a row for each section of the paper', () => assert.ok(rows.length > 30, `${rows.length} rows`));
