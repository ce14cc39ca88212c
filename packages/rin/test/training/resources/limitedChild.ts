import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lengthOf, sizeList } from '@rin/core';
import type { Config } from '../../../src/config/config.js';
import { trainOrStop as train } from '../../../src/training/trainer.js';
import { samples } from '../tiny.js';

/** Trains on the samples in a process that may take so many MB more than it has. node limitedChild.js CONFIG RUNS_FOLDER MEGABYTES */
const [text, runsFolder, megabytes] = process.argv.slice(2);
const config: Config = JSON.parse(text);
const data = samples.map(({ pixels, label }) => {
  const tiled = Uint8Array.from({ length: lengthOf(sizeList(config.model.size)) }, (_, i) => pixels[i % pixels.length]);
  return { pixels: tiled, label };
});
const kilobytes = Number(/^VmSize:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const limit = 1024 * kilobytes + 1e6 * Number(megabytes);
execFileSync('prlimit', ['--pid', String(process.pid), `--as=${limit}`]);
await train({ config, data, runsFolder, log: (text) => console.log(text) });
