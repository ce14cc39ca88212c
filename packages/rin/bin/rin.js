#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/src/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  const { requireNode } = await import('@rin/torch/setup/node');
  requireNode();
  const { run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error('rin is not built: run "npm run setup" in the cloned folder');
  process.exitCode = 1;
}
