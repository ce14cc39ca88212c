import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@rin/core';
import { command as sample } from '../../../src/cli/commands/sample.js';
import { parseSeeds } from '../../../src/cli/commands/seeds.js';
import { command as train } from '../../../src/cli/commands/train.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';

const trainFlags = (...args: string[]) => Object.fromEntries(parseArguments(train, args).flags);

test('flags are read with a space or an equals sign, by alias, and the last of several wins', () => {
  assert.deepEqual(trainFlags('--lr', '1e-3', '--model.depth=[4, 4]', '-n', '--lr=2e-3', '--name', 'a=b'), {
    '--training.learningRate': '2e-3',
    '--model.depth': '[4, 4]',
    '--dry-run': '',
    '--name': 'a=b',
  });
});

test('a flag that is true or false may stand alone for true', () => {
  assert.deepEqual(trainFlags('--data.flip', '--model.zeroReadout', 'false', '--new'), {
    '--data.flip': 'true',
    '--model.zeroReadout': 'false',
    '--new': '',
  });
});

test('negative numbers are values; what follows -- is no flag', () => {
  assert.deepEqual(trainFlags('--lr', '-1'), { '--training.learningRate': '-1' });
  assert.deepEqual(parseArguments(sample, ['--steps', '3', '--', '--odd-name']).operands, ['--odd-name']);
});

test('a misspelt flag names the nearest, wherever it stands in the configuration', () => {
  const wrong = (command: typeof train, ...args: string[]) => {
    try {
      parseArguments(command, args);
    } catch (error) {
      assert.ok(error instanceof UsageError);
      return error.message;
    }
    return assert.fail('no error');
  };
  for (const [typed, meant] of [
    ['--presett', '--preset'],
    ['--dryrun', '--dry-run'],
    ['--depth', '--model.depth'],
    ['--learning-rate', '--training.learningRate'],
    ['--model.latent_dim', '--model.latentDim'],
    ['--sampling.step', '--sampling.steps'],
    ['--sampler', '--sampling.sampler'],
    ['--Data', '--data'],
    ['--training.adamRate', '--training.optimizer.adamRate'],
    ['--diffusion.schedule.kind', '--diffusion.schedule'],
    ['--momentum', '--sampling.momentum'],
  ]) {
    assert.equal(wrong(train, typed, '1'), `${typed} is not a known flag; did you mean ${meant}?`);
  }
  assert.equal(
    wrong(sample, '--schedule.kind', 'linear'),
    '--schedule.kind is not a known flag; did you mean --schedule?',
  );
  assert.equal(wrong(sample, '--sampling.steps=3'), '--sampling.steps is not a known flag; did you mean --steps?');
  assert.equal(wrong(sample, '--seed', '3'), '--seed is not a known flag; did you mean --seeds?');
  assert.equal(wrong(train, '--zzzzzzzz'), '--zzzzzzzz is not a known flag');
  assert.equal(wrong(train, '-z'), '-z is not a known flag');
  assert.equal(wrong(train, '--lr'), '--lr needs a value: expected --lr X');
  assert.equal(wrong(train, '--runs', '--new'), '--runs needs a value: expected --runs FOLDER');
  assert.equal(wrong(train, '--new=yes'), '--new takes no value, got "yes"');
  assert.equal(wrong(sample, 'a', 'b'), 'rin sample: unexpected argument b; did you mean --classes b?');
});

test('seeds are numbers and ranges, in the order in which they were typed', () => {
  assert.deepEqual(parseSeeds('7'), [7]);
  assert.deepEqual(parseSeeds('3, 8,100-103,0'), [3, 8, 100, 101, 102, 103, 0]);
  assert.deepEqual(parseSeeds('9007199254740991'), [2 ** 53 - 1]);
  for (const [text, why] of [
    ['', '"" is not a number or a range'],
    ['1,,2', '"" is not a number or a range'],
    ['-3', '"-3" is not a number or a range'],
    ['1.5', '"1.5" is not a number or a range'],
    ['5-2', '5-2 runs backwards'],
    ['0-3,2', '2 appears twice'],
    ['9007199254740992', '9007199254740992 is above 2^53 - 1'],
    ['0-9999999999', 'more than 1000000 seeds'],
  ]) {
    const message = `--seeds ${text}: ${why}; expected numbers and ranges such as 0-63 or 3,8,100-107`;
    assert.throws(() => parseSeeds(text), new UsageError(message));
  }
});
