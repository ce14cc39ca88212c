import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@rin/core';
import { command } from '../../../src/cli/commands/evaluate.js';
import { sizeGiven } from '../../../src/cli/commands/evaluated.js';
import { evaluateRequest } from '../../../src/cli/commands/evaluateFlags.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';

const request = (...args: string[]) => evaluateRequest(parseArguments(command, args));

test('without flags the usual average is compared with what a run trained on', () => {
  assert.deepEqual(request('3'), { averages: ['average'] });
});

test('lists are separated by commas; all checkpoints are one word', () => {
  const { metrics, checkpoints, averages, seeds } = request(
    ...[
      '3',
      '--metrics',
      'recall, kernel',
      '--checkpoints',
      '27k,30k',
      '--averages',
      'average,weights',
      '--seeds',
      '4-6',
    ],
  );
  assert.deepEqual(
    [metrics, checkpoints],
    [
      ['recall', 'kernel'],
      ['27k', '30k'],
    ],
  );
  assert.deepEqual(
    [averages, seeds],
    [
      ['average', 'weights'],
      [4, 5, 6],
    ],
  );
  assert.equal(request('--checkpoints', 'all').checkpoints, 'all');
});

test('sizes are a number, height and width, or frames, height and width', () => {
  assert.deepEqual(sizeGiven('64'), [64, 64]);
  assert.deepEqual(sizeGiven('32,64'), [32, 64]);
  assert.deepEqual(sizeGiven('[16,64,64]'), [16, 64, 64]);
  assert.equal(sizeGiven(undefined), undefined);
});

test('wrong flags are refused with one sentence', () => {
  const refused: [string, RegExp][] = [
    ['--count 1', /^--count 1: expected a whole number, at least 2$/],
    ['--seeds 0-3 --count 4', /^--seeds and --count both say what to draw; name one of them$/],
    ['--data a --reference b.npz', /^--data and --reference both say what to compare with/],
    ['--metrics fid', /^--metrics fid: expected some of kernel, frechet, score, /],
    ['--part half', /^--part half: expected training, held-out, all$/],
    ['--batch 0', /^--batch 0: expected a whole number, at least 1$/],
    ['--reference-count x', /^--reference-count x: expected a whole number, at least 2$/],
  ];
  for (const [args, message] of refused)
    assert.throws(
      () => request(...args.split(' ')),
      (error) => error instanceof UsageError && message.test(error.message),
      args,
    );
  for (const size of ['big', '0', '1,2,3,4'])
    assert.throws(() => sizeGiven(size), new RegExp(`^UsageError: --size ${size}: expected a number of pixels`));
});
