import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beside, observeChanges } from '../../src/disk/wholeFiles.js';

/**
 * Acts until the disk is about to change for the nth time. What was being written then is left half done, and every later
 * change fails too, as if the process were gone.
 * @returns false if there was no nth change
 */
export async function dieAt(n: number, act: () => Promise<unknown>): Promise<boolean> {
  let count = 0;
  observeChanges((change) => {
    if (++count < n) return;
    const [kind, path] = [change.slice(0, change.indexOf(' ')), change.slice(change.indexOf(' ') + 1)];
    if (count === n && kind === 'append') appendFileSync(path, '{"images":4');
    if (count === n && kind === 'write') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(beside(path), 'half');
    }
    throw new Error('killed');
  });
  try {
    await act();
    return false;
  } catch (error) {
    assert.ok(error instanceof Error && error.message === 'killed', String(error));
    return true;
  } finally {
    observeChanges(() => {});
  }
}

/**
 * Acts while the system refuses the nth change.
 * @returns the error, if there was one, and whether there was an nth change
 */
export async function refusedAt(n: number, code: string, act: () => Promise<unknown>) {
  let count = 0;
  observeChanges(() => {
    if (++count === n) throw Object.assign(new Error(`${code}: raw`), { code });
  });
  try {
    const error: unknown = await act().then(
      () => undefined,
      (reason) => reason,
    );
    return { error, isReached: count >= n };
  } finally {
    observeChanges(() => {});
  }
}

/** Half files under a folder. */
export const halfFiles = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.part'));

/** Makes half files of this process those of a process that ended. */
export function orphan(folder: string): void {
  for (const name of halfFiles(folder).sort((a, b) => b.length - a.length))
    renameSync(join(folder, name), join(folder, name.replace(/-\d+(?=-[\da-f]{6}\.part$)/, '-17')));
}
