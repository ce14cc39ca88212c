import { readFileSync } from 'node:fs';
import { cudaAvailable } from '@rin/torch';
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
  const wantsCuda = device.startsWith('cuda');
  if (wantsCuda && !cudaAvailable()) {
    throw new RinError(
      `training.device is ${device}, but libtorch finds no CUDA device; use cpu, or see \`rin doctor\``,
    );
  }
  const place =
    wantsCuda || (device === 'auto' && cudaAvailable())
      ? (`cuda:${Number(device.split(':')[1] ?? 0)}` as const)
      : 'cpu';
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
