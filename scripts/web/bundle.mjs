// @ts-check
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Files of the page that are copied as they are. */
const plain = ['index.html', 'page.css', 'LICENSE.txt'];

/**
 * Makes the page that `rin export --web` writes, from the built package @rin/web: `packages/web/dist/page`. The scripts are
 * minified, and have everything in them except ONNX Runtime.
 *
 * @param {string} root  of the repository
 */
export async function bundlePage(root) {
  const { build } = await import('esbuild'); // setup loads this file before it installs the packages
  const folder = join(root, 'packages/web');
  const out = join(folder, 'dist/page');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: { page: join(folder, 'dist/src/page/main.js'), worker: join(folder, 'dist/src/worker.js') },
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    legalComments: 'none',
  });
  for (const name of plain) copyFileSync(join(folder, 'page', name), join(out, name));
}
