import { readFileSync } from 'node:fs';
import { RinError } from '@rin/core';
import { runtime, setThreads } from '@rin/torch';
import type { TrainingConfig } from '../../config/training.js';

/** Where to compute, and in which dtype the activations are. Weights are always float32. */
export interface Compute {
  readonly device: 'cpu' | 'mps' | `cuda:${number}`;
  readonly dtype: 'float32' | 'bfloat16';
}

/**
 * Resolves `auto` and `cuda`. The device is the first CUDA device, or the CPU if there is none; never MPS, which is untested. The
 * precision is bfloat16 on CUDA and on processors with instructions for it, else float32.
 * @param localRank number of this process among those of its machine, whose CUDA device it takes instead of the first
 * @throws RinError if the device does not exist
 */
export function chooseCompute(
  { device, precision }: Pick<TrainingConfig, 'device' | 'precision'>,
  localRank = 0,
): Compute {
  const { cudaDevices: devices, mps } = runtime();
  if (device === 'mps') {
    if (mps) return { device, dtype: precision === 'auto' ? 'float32' : precision };
    throw new RinError(
      'training.device is mps, but libtorch finds no such device, which needs macOS on an Apple processor; use cpu or auto',
    );
  }
  const own = device === 'auto' && devices > 0 ? localRank % devices : localRank;
  const index = Number(device.split(':')[1] ?? own);
  if (device.startsWith('cuda') && index >= devices) {
    const found = devices === 0 ? 'no CUDA device' : `${devices} CUDA devices, counted from 0`;
    throw new RinError(`training.device is ${device}, but libtorch finds ${found}; use another device, cpu or auto`);
  }
  const place = device === 'cpu' || devices === 0 ? 'cpu' : (`cuda:${index}` as const);
  const native = place !== 'cpu' || bfloat16Instructions().length > 0;
  return { device: place, dtype: precision === 'auto' ? (native ? 'bfloat16' : 'float32') : precision };
}

/** Threads of libtorch at its start: one for each core, unless the environment sets another number. */
let atFirst: number | undefined;

/** Sets the threads of libtorch on the CPU. @param count `training.threads`; 0 = as many as at the start */
export function useThreads(count: number): void {
  const { threads } = runtime();
  atFirst ??= threads;
  if (count > 0 || threads !== atFirst) setThreads(count || atFirst);
}

/** This processor's instructions that multiply bfloat16, by Linux's names. Without any, bfloat16 is slower than float32. */
export function bfloat16Instructions(): string[] {
  let flags = '';
  try {
    flags = /^flags\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
  } catch {
    // not Linux
  }
  return ['amx_bf16', 'avx512_bf16'].filter((name) => flags.split(/\s+/).includes(name));
}
