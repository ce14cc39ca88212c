import { join } from 'node:path';
import { RinError } from '@rin/core';
import type { Manifest, ManifestFile } from '@rin/web';
import type { Config } from '../config/config.js';
import { continuation } from '../diffusion/continuation.js';
import type { Model } from '../diffusion/modelFile.js';
import { writeOutput } from '../disk/output.js';
import { readText } from '../disk/wholeFiles.js';
import type { Clip } from '../media/clip.js';
import { formatsOf } from '../media/formats.js';
import { playRate } from '../media/frameRate.js';
import { exportOnnx, type OnnxExport, type OnnxOptions } from './exportOnnx.js';
import { storedCheck } from './storedCheck.js';
import { engineFiles, engineName, readEngines, readPage, type WebFile } from './webFiles.js';

/** Options of `exportWeb`. */
export interface WebOptions extends Pick<OnnxOptions, 'dtype'> {
  /** Clips [C, F, H, W] that a model with given frames continues on the page, by their last frames. */
  readonly given?: readonly Clip[];
}

/** What `exportWeb` wrote. */
export interface WebExport {
  readonly graph: OnnxExport;
  /** bytes of each file by its name in the folder */
  readonly files: Readonly<Record<string, number>>;
  /** bytes of the page without model and engine */
  readonly page: number;
}

/**
 * Writes a page that draws with a model, as a folder of static files: any web server can offer it, and no other server is
 * asked. Other files in the folder stay. `model.json` is written last, so a page with it is complete.
 * @param folder  is made if it is missing
 * @throws RinError if the folder has another page, samples of the model cannot be shown, the network cannot be written, or a file cannot be written
 */
export async function exportWeb(
  model: Model,
  folder: string,
  { dtype = 'float32', given = [] }: WebOptions = {},
): Promise<WebExport> {
  const { config } = model;
  const formats = formatsOf(config.model);
  if (!formats)
    throw new RinError(
      `samples of ${config.model.channels} channels cannot be shown on a page; export the graph alone`,
    );
  const before = await readText(join(folder, 'index.html'));
  if (before !== undefined && !before.includes('src="page.js"'))
    throw new RinError(`${join(folder, 'index.html')} is no page of rin; name another folder, or remove this file`);
  const graphPath = join(folder, 'model.onnx');
  const [engines, page] = await Promise.all([readEngines(), readPage({ name: config.name, noun: formats.noun })]);
  const starts = startsOf(model, given);
  const others = [...engines, ...page, ...(starts ? [starts] : [])];
  for (const { name, bytes } of others) await writeOutput(join(folder, name), bytes);
  const graph = await exportOnnx({ ...model, config: withoutPaths(config) }, graphPath, { dtype, reads: true });
  const facts: Manifest = {
    ...manifestOf(model, graph, engines, dtype === 'float16'),
    ...(starts && { given: { file: starts.name, bytes: starts.bytes.length } }),
  };
  const manifest = Buffer.from(`${JSON.stringify(facts)}\n`);
  await writeOutput(join(folder, 'model.json'), manifest);
  const sizes = others.map(({ name, bytes }) => [name, bytes.length] as const);
  return {
    graph,
    files: { ...Object.fromEntries(sizes), 'model.onnx': graph.bytes, 'model.json': manifest.length },
    page: page.reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}

/** The file with the clips that go on; undefined for a model that continues none. @throws RinError if they do not fit it */
function startsOf(model: Model, given: readonly Clip[]): WebFile | undefined {
  const { starts } = continuation(model, given.length > 0 ? { given } : {});
  return starts.length > 0 ? { name: 'given.bin', bytes: Buffer.concat(starts.map(({ data }) => data)) } : undefined;
}

/** The configuration without paths of this machine, which a page should not publish. */
function withoutPaths({ source: _, training: { init: __, ...training }, ...others }: Config): Config {
  return { ...others, training };
}

/** The contents of `model.json`. */
function manifestOf(
  { config, classes, meanSquare, network }: Model,
  { bytes, inputs, outputs }: OnnxExport,
  engines: readonly WebFile[],
  isHalf: boolean,
): Manifest {
  const binary = (name: string): ManifestFile => {
    const file = engineName(name);
    return { file, bytes: engines.find((each) => each.name === file)?.bytes.length ?? 0 };
  };
  const engine = (name: keyof typeof engineFiles) => {
    const { script, binary: wasm } = engineFiles[name];
    return { script: engineName(script), binary: binary(wasm) };
  };
  const { model, diffusion, sampling } = config;
  const { steps, sampler, schedule, guidance, guidanceFrom, guidanceTo, variance, eta, timeDelta, momentum, clip } =
    sampling;
  const { prediction, inputScale, normalizeInput, selfConditioningRate } = diffusion;
  return {
    ...{ format: 'rin-web', version: 1, name: config.name },
    graph: { file: 'model.onnx', bytes },
    engines: { webgpu: engine('webgpu'), wasm: engine('wasm') },
    ...{ inputs, outputs },
    config: {
      model,
      diffusion: { prediction, inputScale, normalizeInput, selfConditioningRate },
      sampling: {
        ...{ steps, sampler, schedule, guidance, guidanceFrom, guidanceTo },
        ...{ variance, eta, timeDelta, momentum, clip },
      },
    },
    ...{ classes, meanSquare, playRate: playRate(config) },
    check: storedCheck({ network, config }, inputs, isHalf),
  };
}
