// What stands above the tables of the benchmarks, and how these are written.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { empty, runtime, scope } from '@rin/torch';
import { spinCount } from '../packages/torch/dist/src/native.js';

/** Machine, versions, threads: a figure without them says nothing. @param {number} [used]  threads */
export function machine(used) {
  const { version, cpuCapability, threads } = runtime();
  const processors = `${cpus()[0].model.trim()}, ${cpus().length} processors`;
  return `${processors}; libtorch ${version} (${cpuCapability}), ${used ?? threads} threads, ${waiting()}; Node ${process.versions.node}`;
}

/** How threads wait for each other in this process. */
function waiting() {
  const { GOMP_SPINCOUNT, OMP_WAIT_POLICY } = process.env;
  if (GOMP_SPINCOUNT !== undefined) return `GOMP_SPINCOUNT=${GOMP_SPINCOUNT}`;
  return OMP_WAIT_POLICY !== undefined ? `OMP_WAIT_POLICY=${OMP_WAIT_POLICY}` : `GOMP_SPINCOUNT=${spinCount}`;
}

/** @param {number[]} values */
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Columns of text, the first to the left, the others to the right. @param {(string | number)[][]} rows  head first */
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

/** Billions of floating-point operations a second in a product of two large square matrices: the most that a network could reach. @param {'float32' | 'bfloat16'} dtype */
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
 * Flags of a benchmark; an unknown one ends the program.
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
