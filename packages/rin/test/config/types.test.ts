import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import type { Config } from '../../src/config/config.js';
import type { ConfigInput } from '../../src/config/types.js';
import { root } from '../docs/pages.js';

type Schema = typeof import('../../src/config/config.js').Config;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

// The compiler checks these: a written type that is not that of the schema does not build.
const isChecked: Same<Required<Config>['model'], z.infer<Schema>['model']> = true;
const isSame = (given: z.infer<Schema>): Config => given;
const isBack = (given: Config): z.infer<Schema> => given;
const isInput = (given: Config): ConfigInput => given;

test('the written types are those of the schema and of the presets; `npm run types` writes them again', async () => {
  const { configTypes, path } = await import(pathToFileURL(`${root}/scripts/types/configTypes.mjs`).href);
  assert.equal(readFileSync(path, 'utf8'), await configTypes());
  for (const each of [isSame, isBack, isInput]) assert.equal(typeof each, 'function');
  assert.ok(isChecked);
});
