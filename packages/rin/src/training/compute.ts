import { readFileSync } from 'node:fs';
import { runtime } from '@rin/torch';
import type { TrainingConfig } from '../core/config/training.js';
import { RinError } from '../core/errors.js';

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
  const native = place !== 'cpu' || multipliesBfloat16();
  return { device: place, dtype: precision === 'auto' ? (native ? 'bfloat16' : 'float32') : precision };
}

/** Whether the processor has AVX512-BF16 or AMX: elsewhere bfloat16 is slower than float32. */
function multipliesBfloat16(): boolean {
  try {
    return /^flags\s*:.*\b(avx512_bf16|amx_bf16)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false; // not Linux
  }
}
