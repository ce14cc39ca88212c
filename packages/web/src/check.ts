import { lengthOf, normals } from '@rin/core';
import { type Arrays, type Engine, EngineError, engineTitles } from './engine.js';
import type { Manifest, StoredPass } from './manifest.js';

/**
 * The inputs of the stored pass, for one sample: standard normal numbers, each input with numbers of its own.
 * @param inputs  shapes by name, without the batch
 */
export function checkInputs(inputs: Manifest['inputs']): Arrays {
  const names = Object.keys(inputs).sort();
  return Object.fromEntries(
    names.map((name, number) => {
      const data = new Float32Array(lengthOf(inputs[name]));
      normals(0, 'sampleStart', number, 0, data);
      return [name, { data, dims: [1, ...inputs[name]] }];
    }),
  );
}

/** Values of an output that are stored at most. */
const mostStored = 4096;

/** The pass as it is stored: values spread over each output. @param outputs its results by name @param limit  as in `StoredPass` */
export function storedPass(outputs: Readonly<Record<string, Float32Array>>, limit: number): StoredPass {
  const entries = Object.entries(outputs).map(([name, data]) => {
    const stride = Math.ceil(data.length / mostStored);
    return [name, { stride, values: base64(data.filter((_, i) => i % stride === 0)) }] as const;
  });
  return { limit, outputs: Object.fromEntries(entries) };
}

/** What a self-check found. */
export interface CheckResult {
  /** the largest difference of a value, relative to the largest stored value of its output */
  readonly difference: number;
  /** milliseconds of a pass with one sample */
  readonly ms: number;
}

/**
 * Computes the stored pass.
 * @throws EngineError if the difference is too large
 */
export async function selfCheck(
  engine: Engine,
  { inputs, check }: Pick<Manifest, 'inputs' | 'check'>,
): Promise<CheckResult> {
  const feeds = checkInputs(inputs);
  const names = Object.keys(check.outputs);
  await engine.run(feeds, names); // the first pass also allocates memory, or compiles shaders
  const begin = performance.now();
  const found = await engine.run(feeds, names);
  const ms = performance.now() - begin;
  const { limit } = check;
  let largest = 0;
  for (const [name, { stride, values }] of Object.entries(check.outputs)) {
    const expected = fromBase64(values);
    const { data } = found[name];
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const differences = expected.map((value, i) => Math.abs(data[i * stride] - value) / scale);
    largest = Math.max(
      largest,
      ...differences.map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)),
    );
  }
  if (largest <= limit) return { difference: largest, ms };
  throw new EngineError(
    `${engineTitles[engine.name]} computes wrong numbers: the self-check differs by ${largest.toPrecision(2)} of the ` +
      `largest value, and ${limit} is allowed`,
  );
}

function base64(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}
