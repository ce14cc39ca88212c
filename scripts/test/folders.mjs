// @ts-check
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A folder that goes away with the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} [files]   texts by path inside it; one that begins with #! may be executed
 */
export function temporaryFolder(t, files = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rin-setup-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    if (text.startsWith('#!')) chmodSync(path, 0o755);
  }
  return folder;
}

/**
 * Sets environment variables for the rest of the test; undefined removes one.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string | undefined>} variables
 */
export function setEnvironment(t, variables) {
  const before = { ...process.env };
  t.after(() => {
    for (const name of Object.keys(variables)) assign(name, before[name]);
  });
  for (const [name, value] of Object.entries(variables)) assign(name, value);
}

/** @param {string} name @param {string | undefined} value */
function assign(name, value) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

/** A log that keeps what it is told. */
export function recordingLog() {
  /** @type {string[]} */
  const told = [];
  /** @type {import('../../packages/torch/setup/log.mjs').Log} */
  const log = {
    fact: (text) => told.push(text),
    note: (text) => told.push(`· ${text}`),
    warn: (text) => told.push(`! ${text}`),
    task: async (title, work) => {
      told.push(title);
      await work(() => {});
    },
  };
  return { log, told };
}
