import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtime, setThreads } from '@rin/torch';
import { useThreads } from '../../../src/training/resources/compute.js';

test('0 threads are as many as libtorch began with, whatever number was set since', () => {
  setThreads(3); // as on a machine of three cores
  for (const [count, expected] of [
    [2, 2],
    [0, 3],
    [1, 1],
    [0, 3],
  ]) {
    useThreads(count);
    assert.equal(runtime().threads, expected);
  }
});
