import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./fuzzChild.js', import.meta.url));
const calls = 30_000;
/** Of each method and function: random picks of some 190 leave none out. */
const least = 80;

interface Outcome {
  readonly done: number;
  readonly refused: number;
  readonly others: string[];
  /** calls of each method and function */
  readonly counts: Record<string, number>;
}

// README: "Wrong calls are errors […]; they never take the process down."
for (const seed of [1, 2, 3, 4]) {
  test(`${calls} calls of typed methods with random arguments (seed ${seed}) end in a result or an error, never in a crash`, () => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child, String(seed), String(calls)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    assert.equal(status, 0, `${signal ?? `code ${status}`} at call ${stderr.trimEnd().split('\n').at(-1)}`);
    const { done, refused, others, counts } = JSON.parse(stdout) as Outcome;
    assert.equal(done + refused, calls);
    assert.ok(done > calls / 4 && refused > calls / 4, `${done} went through, ${refused} were refused`);
    for (const [name, count] of Object.entries(counts)) assert.ok(count >= least, `${name}: ${count} calls`);
    // Besides TorchErrors only what JavaScript itself says of null where an object of options belongs
    for (const error of others) assert.match(error, /^TypeError: /);
  });
}
