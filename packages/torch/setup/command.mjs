#!/usr/bin/env node
// @ts-check
// Makes @rin/torch ready on this machine, once after it was installed: `npx rin setup`, or `npx rin-torch-setup` without rin.
import { tellWhatStops } from './errors.mjs';
import { createLog } from './log.mjs';
import { setupTorch } from './setup.mjs';

const log = createLog();
log.fact(`Node ${process.versions.node}`);
if (!(await tellWhatStops(() => setupTorch({ log })))) process.exitCode = 1;
