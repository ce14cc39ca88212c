// @ts-check
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files run at the same time, so threads that wait must give up their core soon (docs/speed.md, Waiting threads). */
const spins = '1000';
const REPORTER = fileURLToPath(new URL('reporter.mjs', import.meta.url));

/**
 * Runs one test file in its own process. `run()` of node:test does not fit: its timeout counts for a whole file in Node 20, and
 * has no effect in Node 24. So a test in an endless loop would hang for ever.
 *
 * @param {string} file
 * @param {{ timeoutMs: number }} options
 * @returns {Promise<import('./reporter.mjs').Result[]>} if the process fails without a failed test, the last result says so
 */
export async function runFile(file, { timeoutMs }) {
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'rin-test-'));
  const report = join(folder, 'results.jsonl');
  const args = [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${report}`, file];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { GOMP_SPINCOUNT: spins, ...process.env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      printed = (printed + text).slice(-4000);
    });
  }
  // A process that the test started may hold these streams open for ever.
  const release = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  child.on('exit', () => setTimeout(release, 500).unref());
  /** @type {{ code: number | null, signal: NodeJS.Signals | null }} */
  const { code, signal } = await new Promise((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  const results = readResults(report);
  rmSync(folder, { recursive: true, force: true });
  const ms = performance.now() - start;
  if (code !== 0 && !results.some(({ failed }) => failed !== undefined)) {
    const end =
      signal === null ? `exit code ${code}` : ms >= timeoutMs ? `timeout after ${timeoutMs / 1000} s` : signal;
    results.push({ name: 'the file itself', ms, failed: `${end}\n${printed}` });
  }
  return results;
}

/** @param {string} path @returns {import('./reporter.mjs').Result[]} the results that were written completely */
function readResults(path) {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // The process ended before it reported anything.
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
