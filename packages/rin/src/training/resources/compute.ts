import { readFileSync } from 'node:fs';
import { RinError } from '@rin/core';
import { runtime, setThreads } from '@rin/torch';
import type { TrainingConfig } from '../../config/training.js';

/** What is computed where: `cpu` or `cuda:N`, activations in `dtype`. */
export interface Compute {
  readonly device: 'cpu' | `cuda:${number}`;
  readonly dtype: 'float32' | 'bfloat16';
}

/**
 * Resolves `auto`: the first CUDA device, else the CPU; bfloat16 on CUDA and where the processor multiplies it natively.
 * @throws {RinError} where CUDA is asked for and there is none
 */
export function chooseCompute({ device, precision }: Pick<TrainingConfig, 'device' | 'precision'>): Compute {
  const devices = runtime().cudaDevices;
  const index = Number(device.split(':')[1] ?? 0);
  if (device.startsWith('cuda') && index >= devices) {
    const found = devices === 0 ? 'no CUDA device' : `${devices} CUDA devices, counted from 0`;
    throw new RinError(`training.device is ${device}, but libtorch finds ${found}; use another one, cpu or auto`);
  }
  const place = device === 'cpu' || devices === 0 ? 'cpu' : (`cuda:${index}` as const);
  const native = place !== 'cpu' || bfloat16Instructions().length > 0;
  return { device: place, dtype: precision === 'auto' ? (native ? 'bfloat16' : 'float32') : precision };
}

/** Threads that libtorch began with: one for each core, unless the environment says otherwise. */
let atFirst: number | undefined;

/** Sets how many threads libtorch has on the CPU: `training.threads`, 0 = as many as it began with. */
export function useThreads(count: number): void {
  const { threads } = runtime();
  atFirst ??= threads;
  if (count > 0 || threads !== atFirst) setThreads(count || atFirst);
}

/** What this processor multiplies bfloat16 by, by Linux's names; where it has neither, bfloat16 is slower than float32. */
export function bfloat16Instructions(): string[] {
  let flags = '';
  try {
    flags = /^flags\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
  } catch {
    // not Linux
  }
  return ['amx_bf16', 'avx512_bf16'].filter((name) => flags.split(/\s+/).includes(name));
}
