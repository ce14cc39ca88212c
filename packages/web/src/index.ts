/**
 * Draws with a trained model in a browser, from the files that `rin export MODEL --web out` writes:
 *
 *     import { load } from '@rin/web';
 *     const model = await load('out/');
 *     for await (const { picture, step } of model.sample({ seed: 12, class: 'cat' })) console.log(step, picture.shape);
 */

export { checkInputs, storedPass } from './check.js';
export { type Arrays, EngineError, type Runtime } from './engine.js';
export { loadHere, type ModelParts } from './here.js';
export { type LoadOptions, load } from './load.js';
export type {
  DiffusionKeys,
  EngineName,
  Manifest,
  ManifestFile,
  ModelKeys,
  SamplingKeys,
  StoredPass,
} from './manifest.js';
export { type EngineReport, type RunOptions, WebModel } from './model.js';
export type { SampleOptions } from './options.js';
export type { Picture, SampleStep } from './picture.js';
