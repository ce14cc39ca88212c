// @ts-check
// Writes docs/api, the reference of all packages, from the declarations that the build emits: `npm run api`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

await setUp({ quiet: true });
const { references } = await import('./api/references.mjs');
mkdirSync(fileURLToPath(new URL('../docs/api', import.meta.url)), { recursive: true });
for (const { path, text } of references()) {
  writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
  console.log(path);
}
