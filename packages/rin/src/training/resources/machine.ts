import { availableParallelism, cpus, totalmem } from 'node:os';
import { runtime } from '@rin/torch';
import type { Machine } from '../../runs/statistics.js';
import type { Compute } from './compute.js';

/** What this process trains on now. @param images images seen */
export function machine({ device, dtype }: Compute, images: number): Machine {
  const { version, cpuCapability, threads } = runtime();
  return {
    images,
    time: new Date().toISOString(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memory: totalmem(),
    threads,
    instructions: cpuCapability,
    device,
    dtype,
    libtorch: version,
    node: process.versions.node,
  };
}
