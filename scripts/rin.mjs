// @ts-check
// `npm run rin -- …`: sets the clone up where that is due, then is the `rin` command, in this process: exit code and signals are its own.
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

await setUp({ quiet: true });
// npm runs scripts in the clone's root; the paths that were typed are relative to where they were typed.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
const bin = new URL('../packages/rin/bin/rin.js', import.meta.url);
process.argv[1] = fileURLToPath(bin);
await import(bin.href);
