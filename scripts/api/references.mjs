// @ts-check
import { fileURLToPath } from 'node:url';
import { publicDeclarations } from './declarations.mjs';
import { page } from './page.mjs';

const PACKAGES = [
  { name: 'rin', folder: 'rin' },
  { name: '@rin/torch', folder: 'torch' },
  { name: '@rin/core', folder: 'core' },
  { name: '@rin/web', folder: 'web' },
];

/** The exports of each package. */
export const packages = () =>
  PACKAGES.map(({ name, folder }) => {
    const emitted = fileURLToPath(new URL(`../../packages/${folder}/dist/src`, import.meta.url));
    return { name, folder, ...publicDeclarations(emitted) };
  });

/** The pages of the reference, as they should be in the repository. @returns {{ path: string, text: string }[]} */
export const references = () =>
  packages().map(({ folder, ...facts }) => ({
    path: `docs/api/${folder}.md`,
    text: page({ sources: `../../packages/${folder}/src`, ...facts }),
  }));
