// @ts-check
// `npm run demo`: from a fresh clone to pictures that a network drew.
import { setUp } from './setup.mjs';

await setUp();
const main = new URL('../packages/rin/dist/src/cli/main.js', import.meta.url);
const { run } = await import(main.href);
process.exitCode = await run(['demo', ...process.argv.slice(2)]);
