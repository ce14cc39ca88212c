import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../src/config/describe.js';
import type { Cases } from './case.js';
import { cases as data } from './data.js';
import { cases as diffusion } from './diffusion.js';
import { cases as learner } from './learner.js';
import { cases as model } from './model.js';
import { cases as optimizer } from './optimizer.js';
import { cases as run } from './run.js';
import { cases as sampling } from './sampling.js';

// Every key of the configuration does what it says; those that only whole runs show are in optionsOfRuns.slow.test.ts.

const cases: Cases = { ...model, ...diffusion, ...sampling, ...data, ...optimizer, ...learner };

test('every key of the configuration has a case that shows its effect, and every case a key', () => {
  const paths = keys.map(({ path }) => path);
  const known = { ...cases, ...run };
  const wanted = paths
    .filter((path) => !Object.hasOwn(known, path))
    .map((path) => `${path}: add a case in test/options/ that shows what it changes, and how`);
  assert.deepEqual(wanted, []);
  const gone = Object.keys(known).filter((path) => !paths.includes(path));
  assert.deepEqual(gone, [], 'cases of keys that are no longer there');
});

for (const [path, [effect, check]] of Object.entries(cases)) test(`${path} ${effect}`, check);
