// @ts-check
// `npm test [-- --fast] [-- FILTER…]`: sets the clone up if needed, then runs the tests of all packages.
//   --fast    leaves out *.slow.test.js
//   FILTER    runs only the files whose path contains one of the filters
import { setUp } from './setup.mjs';

await setUp();
const { runTests } = await import('./testing/runTests.mjs');
const args = process.argv.slice(2);
const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--fast');
if (unknown !== undefined) {
  console.error(`unknown option ${unknown}; expected --fast, and filters of file names`);
  process.exit(2);
}
const ok = await runTests({ fast: args.includes('--fast'), filters: args.filter((arg) => arg !== '--fast') });
process.exitCode = ok ? 0 : 1;
