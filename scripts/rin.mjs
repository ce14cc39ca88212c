// @ts-check
// `npm run rin -- …`: sets the clone up if needed, then runs the `rin` command in this process, with its exit code and signals.
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

await setUp({ quiet: true });
// npm runs scripts in the clone's root, but the user's paths are relative to INIT_CWD.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
const bin = new URL('../packages/rin/bin/rin.js', import.meta.url);
process.argv[1] = fileURLToPath(bin);
await import(bin.href);
