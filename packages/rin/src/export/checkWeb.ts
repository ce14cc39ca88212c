import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lengthOf } from '@rin/core';
import { loadHere, type Manifest, type ModelParts, type Picture } from '@rin/web';
import type { SamplingConfig } from '../config/diffusion.js';
import type { Model } from '../diffusion/modelFile.js';
import { sample } from '../diffusion/sample.js';
import { writeOutput } from '../disk/output.js';
import { unreadable } from '../disk/systemError.js';
import { loadRuntime } from './session.js';

/** Options of `checkWeb`. Steps and sampler that are left out are those of the model's configuration. */
export interface WebCheckOptions extends Partial<Pick<SamplingConfig, 'steps' | 'sampler'>> {
  /** Default: one for each class, at most 8; without classes 4 */
  readonly seeds?: readonly number[];
  /** If it is aborted, the check rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How near an engine came to libtorch, for the same seeds. */
export interface Parity {
  /** what computed the graph */
  readonly engine: string;
  readonly seeds: readonly number[];
  readonly sampler: string;
  /** largest difference of one pass, relative to the largest number of an output */
  readonly pass: number;
  /** for each step, the largest difference of a byte of the estimates x̂₀; for the last one, of the samples */
  readonly steps: readonly number[];
  /** bytes of all samples, and how many of them differ */
  readonly bytes: number;
  readonly differing: number;
}

/**
 * Draws the same samples by libtorch, and by the files of a page with onnxruntime-web in Node. The result goes into `parity.json`
 * beside the files.
 * @param folder  what `exportWeb` wrote for this model
 * @throws RinError if a file cannot be read or written, or the engine does not start or computes wrong numbers
 */
export async function checkWeb(model: Model, folder: string, options: WebCheckOptions = {}): Promise<Parity> {
  const { signal, steps: wanted, sampler = model.config.sampling.sampler } = options;
  const parts = await partsIn(folder);
  const { given } = parts.manifest;
  const { classes, latents } = model.config.model;
  const seeds = options.seeds ?? Array.from({ length: Math.min(classes, 8) || 4 }, (_, seed) => seed);
  const more = {
    seeds: [...seeds],
    sampler,
    ...(wanted !== undefined && { steps: wanted }),
    ...(given && { given: parts.starts }),
    ...(signal && { signal }),
  };
  const expected: Uint8Array[][] = [];
  const onStep = ({ x0 }: { x0: () => { data: Uint8Array }[] }) => void expected.push(x0().map(({ data }) => data));
  const all = { latents, ...(model.config.sampling.guidance > 0 && { guidanceLatents: latents }) }; // as the graph has them
  const samples = await sample(model, { ...more, ...all, batch: seeds.length, onStep });
  expected[expected.length - 1] = samples.map(({ data }) => data);

  const web = await loadHere(parts, await loadRuntime());
  const steps: number[] = [];
  let last: readonly Picture[] = [];
  for await (const { pictures } of web.sample(more)) {
    steps.push(Math.max(...pictures.map(({ data }, i) => largest(data, expected[steps.length][i]))));
    last = pictures;
  }
  web.close();
  const pairs = last.map(({ data }, i) => [data, samples[i].data] as const);
  const parity: Parity = {
    ...{ engine: 'onnxruntime-web in Node', seeds, sampler },
    ...{ pass: web.engine.difference, steps },
    bytes: pairs.reduce((sum, [data]) => sum + data.length, 0),
    differing: pairs.reduce((sum, [data, other]) => sum + data.filter((byte, at) => byte !== other[at]).length, 0),
  };
  await writeOutput(join(folder, 'parity.json'), Buffer.from(`${JSON.stringify(parity, null, 2)}\n`));
  return parity;
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
