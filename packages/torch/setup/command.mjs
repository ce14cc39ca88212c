#!/usr/bin/env node
// @ts-check
// Sets @rin/torch up on this machine, once after its installation: `npx rin setup`, or `npx rin-torch-setup` without rin.
import { requireNode } from './node.mjs';

requireNode();
const { tellWhatStops } = await import('./errors.mjs');
const { createLog } = await import('./log.mjs');
const { setupTorch } = await import('./setup.mjs');
const log = createLog();
log.fact(`Node ${process.versions.node}`);
if (!(await tellWhatStops(() => setupTorch({ log })))) process.exitCode = 1;
