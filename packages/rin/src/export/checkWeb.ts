import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lengthOf, RinError } from '@rin/core';
import { loadHere, type Manifest, type ModelParts } from '@rin/web';
import type { SamplingConfig } from '../config/diffusion.js';
import type { Model } from '../diffusion/modelFile.js';
import { sample } from '../diffusion/sample.js';
import { writeOutput } from '../disk/output.js';
import { unreadable } from '../disk/systemError.js';
import { drawInChromium, findChromium } from './chromium.js';
import { loadRuntime } from './session.js';

/** Options of `checkWeb`. Steps and sampler that are left out are those of the model's configuration. */
export interface WebCheckOptions extends Partial<Pick<SamplingConfig, 'steps' | 'sampler'>> {
  /** Default: one for each class, at most 8; without classes 4 */
  readonly seeds?: readonly number[];
  /** If it is aborted, the check rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How near an engine came to libtorch, for the same seeds. */
export interface EngineParity {
  /** what computed the graph */
  readonly engine: string;
  /** largest difference of one pass, relative to the largest number of an output */
  readonly pass: number;
  /** for each step, the largest difference of a byte of the estimates x̂₀; for the last one, of the samples */
  readonly steps: readonly number[];
  /** bytes of all samples, and how many of them differ */
  readonly bytes: number;
  readonly differing: number;
}

/** How near the engines came to libtorch. */
export interface Parity {
  readonly seeds: readonly number[];
  readonly sampler: string;
  readonly engines: readonly EngineParity[];
  /** why engines were left out; empty if none was */
  readonly notes: readonly string[];
}

/** Steps on WebGPU, which software computes here: some seconds each. */
const webgpuSteps = 3;

/**
 * Draws the same samples by libtorch and by the files of a page: with onnxruntime-web in Node, and in Chromium if this machine
 * has it, in WebAssembly and, for a few steps, on WebGPU. The result goes into `parity.json` beside the files.
 * @param folder  what `exportWeb` wrote for this model
 * @throws RinError if a file cannot be read or written, or an engine does not start or computes wrong numbers
 */
export async function checkWeb(model: Model, folder: string, options: WebCheckOptions = {}): Promise<Parity> {
  const { signal, steps: wanted = model.config.sampling.steps, sampler = model.config.sampling.sampler } = options;
  const parts = await partsIn(folder);
  const { given } = parts.manifest;
  const { classes, latents } = model.config.model;
  const seeds = options.seeds ?? Array.from({ length: Math.min(classes, 8) || 4 }, (_, seed) => seed);
  const common = { seeds: [...seeds], sampler };
  /** Bytes of all samples after each step, by libtorch. */
  const expected = async (steps: number): Promise<Uint8Array[]> => {
    const found: Uint8Array[] = [];
    const onStep = ({ x0 }: { x0: () => { data: Uint8Array }[] }) => void found.push(joined(x0()));
    const all = { latents, ...(model.config.sampling.guidance > 0 && { guidanceLatents: latents }) }; // as the graph has them
    const more = { ...common, ...all, steps, batch: seeds.length, ...(given && { given: parts.starts }) };
    const samples = await sample(model, { ...more, onStep, ...(signal && { signal }) });
    return [...found.slice(0, -1), joined(samples)];
  };
  const whole = await expected(wanted);

  const web = await loadHere(parts, await loadRuntime());
  const inNode: Uint8Array[] = [];
  const starts = given && { given: parts.starts };
  for await (const { pictures } of web.sample({ ...common, steps: wanted, ...starts, ...(signal && { signal }) }))
    inNode.push(joined(pictures));
  web.close();
  const engines = [compared('onnxruntime-web in Node', web.engine.difference, inNode, whole)];

  const browser = findChromium();
  if (browser !== undefined) {
    const few = Math.min(webgpuSteps, wanted);
    const short = few === wanted ? whole : await expected(few);
    for (const [engine, steps, reference] of [['wasm', wanted, whole] as const, ['webgpu', few, short] as const]) {
      const task = { engine, options: { ...common, steps } };
      const drawn = await drawInChromium(browser, folder, task, signal);
      const name = engine === 'wasm' ? 'WebAssembly in Chromium' : 'WebGPU in Chromium, software adapter';
      engines.push(compared(name, drawn.difference, drawn.steps, reference));
    }
  }
  const notes = browser === undefined ? ['Chromium is not here, so only Node was compared; install chromium'] : [];
  const parity: Parity = { seeds, sampler, engines, notes };
  await writeOutput(join(folder, 'parity.json'), Buffer.from(`${JSON.stringify(parity, null, 2)}\n`));
  return parity;
}

const joined = (samples: readonly { data: Uint8Array }[]): Uint8Array => Buffer.concat(samples.map(({ data }) => data));

function compared(
  engine: string,
  pass: number,
  drawn: readonly Uint8Array[],
  expected: readonly Uint8Array[],
): EngineParity {
  if (drawn.length !== expected.length)
    throw new RinError(`${engine}: it drew ${drawn.length} steps instead of ${expected.length}`);
  const last = drawn.length - 1;
  return {
    ...{ engine, pass },
    steps: drawn.map((bytes, step) => largest(bytes, expected[step])),
    bytes: drawn[last].length,
    differing: drawn[last].filter((byte, at) => byte !== expected[last][at]).length,
  };
}

/** The files of a page that `exportWeb` wrote. */
async function partsIn(folder: string): Promise<ModelParts> {
  const read = async (name: string): Promise<Buffer> => {
    const path = join(folder, name);
    return readFile(path).catch((error) => {
      throw unreadable(error, path);
    });
  };
  const manifest = JSON.parse((await read('model.json')).toString()) as Manifest;
  const graph = new Uint8Array(await read(manifest.graph.file));
  if (!manifest.given) return { manifest, graph };
  const shape = manifest.inputs.given;
  const length = lengthOf(shape);
  const data = new Uint8Array(await read(manifest.given.file));
  const starts = Array.from({ length: data.length / length }, (_, i) => ({
    data: data.subarray(i * length, (i + 1) * length),
    shape,
  }));
  return { manifest, graph, starts };
}

/** The largest difference of two bytes at the same place. */
const largest = (data: Uint8Array, other: Uint8Array): number =>
  data.reduce((most, byte, at) => Math.max(most, Math.abs(byte - other[at])), 0);
