#!/usr/bin/env node
// @ts-check
// Makes @rin/torch ready on this machine, once after it was installed: `npx rin setup`, or `npx rin-torch-setup` without rin.
import { requireNode } from './node.mjs';

requireNode();
const { tellWhatStops } = await import('./errors.mjs');
const { createLog } = await import('./log.mjs');
const { setupTorch } = await import('./setup.mjs');
const log = createLog();
log.fact(`Node ${process.versions.node}`);
if (!(await tellWhatStops(() => setupTorch({ log })))) process.exitCode = 1;
