import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, cpus, freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { bytes } from '@rin/core';
import { cacheFolder, cacheHome } from '../../data/cacheFolder.js';
import { ffmpegVersion, installFfmpeg } from '../../media/ffmpeg.js';
import { demoModel } from '../../runs/findModel.js';
import { memoryLimit } from '../../training/resources/memoryLimit.js';
import { readBuild } from '../addon.js';
import { calling } from '../terminal/calling.js';
import { version } from '../version.js';

/** The result of one check. */
export interface Finding {
  /** bad = rin cannot work; note = rin works, but something could be better */
  readonly state: 'good' | 'note' | 'bad';
  readonly text: string;
  /** how to fix it */
  readonly mend?: string;
}

const setUp = `run "${calling} setup" to install and build what is missing`;

/** Checks everything that rin needs. A missing part is a finding, never an error. */
export async function examine(): Promise<Finding[]> {
  const computing = readBuild() ? await compute() : [];
  return [program(), node(), libtorch(), ...computing, memory(), await pictures(), await videos(), demo(), cache()];
}

const program = (): Finding => ({ state: 'good', text: `rin ${version()}` });

/** @param system  of `process` */
export function node({
  versions,
  platform,
  arch,
}: Pick<NodeJS.Process, 'versions' | 'platform' | 'arch'> = process): Finding {
  const { node: found } = versions;
  const [major, minor] = found.split('.').map(Number);
  const text = `Node ${found} on ${platform} ${arch}`;
  if (major < 20 || (major === 20 && minor < 9)) return { state: 'bad', text, mend: 'install Node 20.9 or newer' };
  if (platform === 'linux' && arch === 'x64') return { state: 'good', text };
  if (platform === 'linux' && arch === 'arm64')
    return { state: 'note', text: `${text}, where rin was tried only in an emulator` };
  if (platform === 'darwin' && arch === 'arm64') return { state: 'note', text: `${text}: macOS is untested` };
  return {
    state: 'bad',
    text,
    mend: 'use Linux on x86-64 or 64-bit Arm: WSL2 on Windows, a container on an Intel Mac',
  };
}

function libtorch(): Finding {
  const build = readBuild();
  if (!build) return { state: 'bad', text: 'libtorch: the native addon is not built', mend: setUp };
  const from = { LIBTORCH: 'named by $LIBTORCH', python3: 'the torch of python3', cache: 'installed by set-up' };
  const kind = build.cuda ? 'with CUDA' : 'for the CPU';
  const text = `libtorch ${build.version} ${kind}, ${from[build.source]}: ${build.libtorch}`;
  const core = `libtorch_cpu.${process.platform === 'darwin' ? 'dylib' : 'so'}`;
  if (existsSync(join(build.libtorch, 'lib', core))) return { state: 'good', text };
  return { state: 'bad', text: `${text}, which does not exist any more`, mend: setUp };
}

/** Processor, CUDA, device and precision. Loads the addon. */
async function compute(): Promise<Finding[]> {
  try {
    const [{ runtime }, { bfloat16Instructions, chooseCompute }] = await Promise.all([
      import('@rin/torch'),
      import('../../training/resources/compute.js'),
    ]);
    const { cpuCapability, threads, cudaDevices, mps } = runtime();
    const { device, dtype } = chooseCompute({ device: 'auto', precision: 'auto' });
    return [
      processor(cpuCapability, threads),
      process.platform === 'darwin' ? appleGpu(mps) : cuda(cudaDevices),
      { state: 'good', text: `computes on ${device} in ${dtype}, because ${reason(device, bfloat16Instructions())}` },
    ];
  } catch (error) {
    return [{ state: 'bad', text: error instanceof Error ? error.message : String(error), mend: setUp }];
  }
}

function processor(capability: string, threads: number): Finding {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const text = `${model}, ${availableParallelism()} logical cores; libtorch uses ${threads} ${threads === 1 ? 'thread' : 'threads'} and ${capability}`;
  return { state: 'good', text };
}

function cuda(devices: number): Finding {
  if (devices > 0) return { state: 'good', text: `CUDA: ${devices} ${devices === 1 ? 'device' : 'devices'}` };
  if (!['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path))) {
    return { state: 'good', text: 'CUDA: there is no NVIDIA driver, so rin computes on the CPU' };
  }
  const why = readBuild()?.cuda ? 'libtorch finds no device' : 'the addon was built without CUDA';
  const mend = `make "nvidia-smi" work, then run "${calling} setup"; it prints the reason if it uses the CPU`;
  return { state: 'note', text: `CUDA: there is an NVIDIA driver, but ${why}`, mend };
}

/** @param found  whether libtorch finds it */
const appleGpu = (found: boolean): Finding =>
  found
    ? { state: 'note', text: 'MPS: "--device mps" computes on the GPU, which is untested; auto computes on the CPU' }
    : { state: 'good', text: 'MPS: libtorch finds no GPU, so rin computes on the CPU' };

function reason(device: string, instructions: readonly string[]): string {
  if (device !== 'cpu') return 'there is a CUDA device';
  if (instructions.length === 0) return 'the processor has neither amx_bf16 nor avx512_bf16';
  return `the processor has ${instructions.join(' and ')}`;
}

function memory(): Finding {
  const total = memoryLimit();
  const text = `memory: ${bytes(total)}, ${bytes(Math.min(total, freemem()))} free`;
  if (total >= 2e9) return { state: 'good', text };
  return {
    state: 'note',
    text,
    mend: 'small networks train in about 1 GB; if that is not enough, lower training.batch or training.microBatch',
  };
}

async function pictures(): Promise<Finding> {
  try {
    const { default: sharp } = await import('../../media/sharp.js');
    return { state: 'good', text: `sharp ${sharp.versions.sharp ?? ''} reads and writes pictures` };
  } catch (error) {
    const text = `sharp cannot be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
    return { state: 'bad', text, mend: 'run "npm ci"' };
  }
}

async function videos(): Promise<Finding> {
  const found = await ffmpegVersion();
  if (found !== undefined) return { state: 'good', text: `ffmpeg ${found} reads and writes videos` };
  const text = 'ffmpeg is not installed; only videos and mp4 files need it';
  return { state: 'note', text, mend: `install it: ${installFfmpeg()}` };
}

const demo = (): Finding =>
  existsSync(demoModel)
    ? { state: 'good', text: `the demo's model exists: ${demoModel}` }
    : { state: 'note', text: "the demo's model is missing", mend: 'train it: npm run demo' };

function cache(): Finding {
  const [folder, data] = [cacheHome(), cacheFolder()];
  const parts = names(folder).map((name) => `${name} ${bytes(size(join(folder, name)))}`);
  if (dirname(data) !== folder) parts.push(`decoded data in ${data} ${bytes(size(data))}`);
  return {
    state: 'good',
    text: `cache ${folder}: ${parts.length > 0 ? parts.join(', ') : 'empty'}`,
  };
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Bytes of a file, or of all files under a folder. Unreadable files and folders count as 0. */
function size(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.size ?? 0;
  return names(path).reduce((sum, name) => sum + size(join(path, name)), 0);
}
