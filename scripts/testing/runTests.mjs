// @ts-check
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFile } from './runFile.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = [...['torch', 'core', 'web', 'rin'].map((name) => `packages/${name}/dist/test`), 'scripts/test'];
/** libtorch uses all cores in each file, so more files at once would only wait for each other. */
const FILES_AT_ONCE = 2;
/** A file that takes longer hangs; the slowest file takes a small part of this time. */
const FILE_TIMEOUT_MS = 10 * 60_000;

/**
 * Runs the test files, each in its own process. Prints a line for each test, then all failures and the counts.
 *
 * @param {{ fast: boolean, filters: string[] }} options
 * @returns {Promise<boolean>} true if at least one test ran and none failed
 */
export async function runTests({ fast, filters }) {
  const start = performance.now();
  const files = findTests().filter((path) => !(fast && path.includes('.slow.test.')) && matches(path, filters));
  /** @type {string[]} */
  const failures = [];
  let passed = 0;
  let skipped = 0;
  const queue = files[Symbol.iterator]();
  const worker = async () => {
    for (const path of queue) {
      const fileStart = performance.now();
      const results = await runFile(join(ROOT, path), { timeoutMs: FILE_TIMEOUT_MS });
      console.log(`\n${path} (${seconds(performance.now() - fileStart)})`);
      for (const { name, ms, skipped: reason, failed } of results) {
        if (failed !== undefined) {
          console.log(`  ✖ ${name}`);
          failures.push(`${path}: ${name}\n${failed.trimEnd().replace(/^/gm, '    ')}`);
        } else if (reason !== undefined) {
          skipped++;
          console.log(`  - ${name}: skipped, ${reason}`);
        } else {
          passed++;
          console.log(`  ✔ ${name} (${seconds(ms)})`);
        }
      }
      if (results.length === 0) failures.push(`${path}: it has no tests`);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, worker));
  for (const failure of failures) console.log(`\n✖ ${failure}`);
  console.log(`\n${files.length} files in ${seconds(performance.now() - start)}`);
  const ran = passed + failures.length;
  if (ran === 0)
    console.log(filters.length > 0 ? `No test ran: no file has ${filters.join(' or ')} in its path` : 'No test ran');
  console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return ran > 0 && failures.length === 0;
}

/** Paths relative to the root. Slow files come first, so that none of them runs alone at the end. */
function findTests() {
  const files = FOLDERS.flatMap((folder) => {
    if (!existsSync(join(ROOT, folder))) return [];
    const names = /** @type {string[]} */ (readdirSync(join(ROOT, folder), { recursive: true }));
    return names.filter((name) => /\.test\.m?js$/.test(name)).map((name) => join(folder, name));
  });
  const isFast = (/** @type {string} */ path) => Number(!path.includes('.slow.'));
  return files.sort((a, b) => isFast(a) - isFast(b) || (a < b ? -1 : 1));
}

/** @param {string} path @param {string[]} filters */
const matches = (path, filters) => filters.length === 0 || filters.some((filter) => path.includes(filter));

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(ms < 100 ? 3 : 1)} s`;
