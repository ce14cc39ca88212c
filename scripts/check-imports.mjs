// @ts-check
// Imports inside packages/rin/src point only to the left in the order of docs/architecture.md, or to core; core runs in a browser; @rin/torch stands alone.
import { fileURLToPath } from 'node:url';
import { checkImports } from './imports/checkImports.mjs';

const violations = checkImports(fileURLToPath(new URL('../packages', import.meta.url)));
for (const violation of violations) console.error(violation);
console.log(violations.length === 0 ? 'Imports: in order' : `Imports: ${violations.length} in the wrong direction`);
process.exitCode = violations.length === 0 ? 0 : 1;
