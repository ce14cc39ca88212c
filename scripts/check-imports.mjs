// @ts-check
// Checks the imports of all packages against the rules of docs/architecture.md.
import { fileURLToPath } from 'node:url';
import { checkImports } from './imports/checkImports.mjs';

const violations = checkImports(fileURLToPath(new URL('../packages', import.meta.url)));
for (const violation of violations) console.error(violation);
console.log(violations.length === 0 ? 'Imports: in order' : `Imports: ${violations.length} in the wrong direction`);
process.exitCode = violations.length === 0 ? 0 : 1;
