import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { read, root } from './pages.js';

const page = read('docs/architecture.md');
const source = (path: string): string => (path.startsWith('packages/') ? path : `packages/rin/src/${path}`);

/** The rows of a table by the first words of its head. */
function rows(head: string): string[][] {
  const [, table] = new RegExp(`^\\| ${head}.*\\n\\|[-|]+\\n((?:\\|.*\\n)+)`, 'm').exec(page) ?? [];
  assert.ok(table, `no table "${head}"`);
  return table
    .trim()
    .split('\n')
    .map((line) => line.slice(2, -2).split(' | '));
}

const stages = rows('stage');

test('each stage is in the file and function that docs/architecture.md names', () => {
  assert.ok(stages.length >= 10);
  for (const [stage, where] of stages) {
    const places = [...where.matchAll(/`([\w/.]+\.ts)`, `([\w.]+)`/g)];
    assert.ok(places.length > 0, stage);
    for (const [, path, name] of places) {
      const member = name.split('.').at(-1);
      assert.ok(existsSync(join(root, source(path))), `${stage}: ${path} is not there`);
      assert.match(
        read(source(path)),
        new RegExp(`(function\\*?|const|class) ${member}\\b|^  (async )?\\*?${member}\\(`, 'm'),
        `${stage}: ${path} has no ${name}`,
      );
    }
  }
});

test('files that docs/architecture.md names elsewhere are there', () => {
  const named = [...page.matchAll(/`([\w/.-]+\/[\w.-]+\.(?:ts|mjs|py|cc|h))`/g)].map(([, path]) => path);
  assert.ok(named.length > 15);
  for (const path of named) {
    const places = ['', 'packages/rin/', 'packages/rin/src/', 'packages/torch/', 'packages/torch/src/'];
    assert.ok(
      places.some((place) => existsSync(join(root, place, path))),
      `${path} is not there`,
    );
  }
});

test('the rooms are the folders of packages/rin/src, in the order of the check of imports', () => {
  const rooms = rows('folder').map(([name]) => name.replaceAll('`', ''));
  const folders = readdirSync(join(root, 'packages/rin/src'), { withFileTypes: true });
  assert.deepEqual([...rooms].sort(), folders.flatMap((each) => (each.isDirectory() ? [each.name] : [])).sort());
  const [, order = ''] = /ORDER = \[([^\]]*)\];/.exec(read('scripts/imports/checkImports.mjs')) ?? [];
  assert.deepEqual(rooms, order.match(/\w+/g));
  assert.ok(read('CONTRIBUTING.md').includes(rooms.join(' → ')), 'CONTRIBUTING.md has another order');
  const drawn = [...page.matchAll(/ {4}(\w+)\["\1\//g)].map(([, name]) => name);
  const right = [...page.matchAll(/--> (\w+)\["(?=\1\/)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set([...drawn, ...right])].sort(), [...rooms].sort(), 'the picture has other rooms');
});
