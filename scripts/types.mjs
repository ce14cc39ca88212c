// @ts-check
// Writes the types of the configuration from its schema, with the sentences of the help: `npm run types`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// The old types may be the reason why the sources do not build. The compiler emits them all the same.
spawnSync(process.execPath, ['node_modules/typescript/lib/tsc.js', '-b'], { cwd: root });
const { configTypes, path } = await import('./types/configTypes.mjs');
writeFileSync(path, await configTypes());
console.log(path);
