// @ts-check
// Makes the page of @rin/web from what TypeScript built: a part of `npm run build`.
import { fileURLToPath } from 'node:url';
import { bundlePage } from './web/bundle.mjs';

await bundlePage(fileURLToPath(new URL('..', import.meta.url)));
