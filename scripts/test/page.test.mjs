// @ts-check
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { markdownTable, writeBetween } from '../../bench/page.mjs';
import { temporaryFolder } from './folders.mjs';

test('a table of a benchmark replaces the one that a page has, and nothing else', (t) => {
  const page = join(temporaryFolder(t, { 'page.md': 'before\n\n<!-- a -->\n\n<!-- /a -->\n\nafter\n' }), 'page.md');
  const table = (/** @type {number} */ value) =>
    markdownTable([
      ['network', 'ms', ''],
      ['RIN', value, ''],
    ]);
  writeBetween(page, 'a', table(3));
  writeBetween(page, 'a', table(4));
  assert.equal(
    readFileSync(page, 'utf8'),
    'before\n\n<!-- a -->\n\n| network | ms | |\n|---|---|---|\n| RIN | 4 | |\n\n<!-- /a -->\n\nafter\n',
  );
  assert.throws(() => writeBetween(page, 'b', ''), /page\.md: expected the lines <!-- b --> and <!-- \/b -->$/);
});
