// @ts-check
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes the pages of @rin/web from the built package: the one that `rin export --web` writes, in `packages/web/dist/page`, and that
 * of `rin studio`, in `packages/web/dist/studio`. The scripts are minified, and have everything in them except ONNX Runtime.
 *
 * @param {string} root  of the repository
 */
export async function bundlePage(root) {
  const { build } = await import('esbuild'); // setup loads this file before it installs the packages
  const folder = join(root, 'packages/web');
  /** @param {string} name @param {Record<string, string>} entryPoints @param {Record<string, string>} plain */
  const make = async (name, entryPoints, plain) => {
    const out = join(folder, 'dist', name);
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    const paths = Object.entries(entryPoints).map(([entry, path]) => [entry, join(folder, path)]);
    await build({
      entryPoints: Object.fromEntries(paths),
      outdir: out,
      bundle: true,
      minify: true,
      format: 'esm',
      target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'], // those that know light-dark() in a style
      logLevel: 'error',
      legalComments: 'none',
    });
    for (const [file, from] of Object.entries(plain)) copyFileSync(join(root, from), join(out, file));
  };
  await make(
    'page',
    { page: 'dist/src/page/main.js', worker: 'dist/src/worker.js', parity: 'dist/src/page/parity.js' },
    {
      'index.html': 'packages/web/page/index.html',
      'page.css': 'packages/web/page/page.css',
      'LICENSE.txt': 'packages/web/page/LICENSE.txt',
    },
  );
  await make(
    'studio',
    { studio: 'dist/src/studio/main.js', style: 'page/studio.css' },
    {
      'index.html': 'packages/web/page/studio.html',
      'LICENSE.txt': 'node_modules/uplot/LICENSE',
    },
  );
}
