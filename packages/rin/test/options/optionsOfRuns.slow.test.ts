import { test } from 'node:test';
import { cases } from './run.js';

// Every key of the configuration does what it says (options.test.ts), where only a whole run shows it.

for (const [path, [effect, check]] of Object.entries(cases)) test(`${path} ${effect}`, check);
