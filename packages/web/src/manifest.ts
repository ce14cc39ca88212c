import {
  type PatchedShape,
  type Prediction,
  RinError,
  type SamplerName,
  type Schedule,
  type TokenKeys,
  type WarmKey,
} from '@rin/core';

/** The keys of a `sampling` section that a browser uses. */
export interface SamplingKeys {
  readonly steps: number;
  readonly sampler: SamplerName;
  readonly schedule: Schedule;
  readonly guidance: number;
  readonly guidanceFrom: number;
  readonly guidanceTo: number;
  readonly variance: 'large' | 'small';
  readonly eta: number;
  readonly timeDelta: number;
  readonly momentum: number;
  readonly clip: boolean;
}

/** The keys of a `diffusion` section that a browser uses. */
export interface DiffusionKeys {
  readonly prediction: Prediction;
  readonly inputScale: number;
  readonly normalizeInput: 'none' | 'sample' | 'expected';
  readonly selfConditioningRate: number;
}

/** The keys of a `model` section that a browser uses. */
export interface ModelKeys extends PatchedShape, TokenKeys, WarmKey {
  readonly timeScaling: number;
}

/** A file beside `model.json`. */
export interface ManifestFile {
  /** relative to `model.json` */
  readonly file: string;
  /** its exact length, so that a cut download is noticed */
  readonly bytes: number;
}

/** The names of engines: ONNX Runtime on the graphics processor, and in WebAssembly. */
export type EngineName = 'webgpu' | 'wasm';

/** The values of one pass that an engine must compute. The inputs are those of `checkInputs`. */
export interface StoredPass {
  /** largest allowed difference of a value, relative to the largest value of its output */
  readonly limit: number;
  /** output by name: every `stride`-th value, float32 little-endian in base64 */
  readonly outputs: Readonly<Record<string, { readonly stride: number; readonly values: string }>>;
}

/**
 * The contents of `model.json`, which `rin export --web` writes beside the graph `model.onnx`: everything that sampling needs
 * besides the weights.
 */
export interface Manifest {
  readonly format: 'rin-web';
  readonly version: 1;
  /** name of the model for people */
  readonly name: string;
  readonly graph: ManifestFile;
  /** the script and the WebAssembly of each engine */
  readonly engines: Readonly<Record<EngineName, { readonly script: string; readonly binary: ManifestFile }>>;
  /** inputs and outputs of the graph: their shapes without the batch */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly config: { readonly model: ModelKeys; readonly diffusion: DiffusionKeys; readonly sampling: SamplingKeys };
  /** names of the classes, by number; empty if they have none */
  readonly classes: readonly string[];
  /** mean square of the data in [−1, 1] */
  readonly meanSquare: number;
  /** frames per second of clips, samples per second of sounds */
  readonly playRate: number;
  /** clips that go on, one after the other: each as the graph's `given`, bytes; absent = none */
  readonly given?: ManifestFile;
  readonly check: StoredPass;
}

/** Reads `model.json`. @throws RinError if it is another file, or of a newer version */
export function readManifest(text: string, where: string): Manifest {
  const found = parsed(text);
  if (found?.format !== 'rin-web')
    throw new RinError(`${where}: no description of a model; expected the model.json that rin export --web writes`);
  if (found.version !== 1)
    throw new RinError(`${where}: its version is ${found.version}, and this program reads 1; use the files of one rin`);
  return found as Manifest;
}

function parsed(text: string): Partial<Manifest> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
