// The head of each benchmark's output, its tables and its flags.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { empty, runtime, scope } from '@rin/torch';
import { spinCount } from '../packages/torch/dist/src/native.js';

/** Machine, versions and threads, without which a figure has no meaning. @param {number} [used]  threads */
export function machine(used) {
  const { version, cpuCapability, threads } = runtime();
  const processors = `${cpus()[0].model.trim()}, ${cpus().length} processors`;
  return `${processors}; libtorch ${version} (${cpuCapability}), ${used ?? threads} threads, ${waiting()}; Node ${process.versions.node}`;
}

/** The setting for waiting threads in this process. */
function waiting() {
  const { GOMP_SPINCOUNT, OMP_WAIT_POLICY } = process.env;
  if (GOMP_SPINCOUNT !== undefined) return `GOMP_SPINCOUNT=${GOMP_SPINCOUNT}`;
  return OMP_WAIT_POLICY !== undefined ? `OMP_WAIT_POLICY=${OMP_WAIT_POLICY}` : `GOMP_SPINCOUNT=${spinCount}`;
}

/** @param {number[]} values */
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Prints rows in columns, the first one aligned on the left. @param {(string | number)[][]} rows  head first */
export function table(rows) {
  const texts = rows.map((row) => row.map(String));
  const widths = texts[0].map((_, i) => Math.max(...texts.map((row) => row[i].length)));
  for (const row of texts) {
    console.log(
      row
        .map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** GFLOP/s of a product of two large square matrices, as an upper limit for a network. @param {'float32' | 'bfloat16'} dtype */
export function productPeak(dtype) {
  const side = 1536;
  return scope(() => {
    const x = empty([side, side], { dtype }).fill_(1);
    const times = Array.from({ length: 9 }, () => {
      const begin = performance.now();
      scope(() => void x.matmul(x));
      return performance.now() - begin;
    });
    return (2 * side ** 3) / Math.min(...times) / 1e6;
  });
}

/**
 * Reads the flags of a benchmark. An unknown flag ends the program with exit code 2.
 * @template {Record<string, { type: 'string' | 'boolean', default?: string | boolean }>} T
 * @param {T} options
 */
export function flags(options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}
