import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interruption } from '../../../src/cli/terminal/interruption.js';

test('the first signal asks to end, a second one ends at once, and the exit code tells which it was', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const exit = t.mock.method(process, 'exit', () => undefined as never);
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    let told = 0;
    const exits = exit.mock.callCount();
    using interruption = new Interruption(() => told++);
    assert.deepEqual([interruption.signal.aborted, interruption.exitCode], [false, 0]);
    process.emit(name, name);
    assert.deepEqual([interruption.signal.aborted, interruption.exitCode, told], [true, code, 1]);
    now += 100; // the same key, passed on by npm
    process.emit(name, name);
    assert.deepEqual([exit.mock.callCount(), told], [exits, 1]);
    now += 1000;
    process.emit(name, name);
    assert.deepEqual([exit.mock.callCount(), exit.mock.calls.at(-1)?.arguments, told], [exits + 1, [code], 1]);
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGPIPE']) assert.equal(process.listenerCount(name), 0);
});
