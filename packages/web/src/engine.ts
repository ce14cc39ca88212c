import { RinError } from '@rin/core';
import type { EngineName } from './manifest.js';

/** ONNX Runtime for browsers, as a module: `await import('onnxruntime-web/wasm')` or one of its siblings. */
export type Runtime = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor' | 'env'>;

/** Arrays by the names of the graph, each with its shape. */
export type Arrays = Readonly<Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>>;

/** Computes passes of a network. */
export interface Engine {
  readonly name: EngineName;
  /** threads of the processor */
  readonly threads: number;
  /** One pass. @param wanted names of outputs @throws EngineError if it cannot compute */
  run(inputs: Arrays, wanted: readonly string[]): Promise<Arrays>;
  close(): Promise<void>;
}

/** An engine cannot start, failed, or computes wrong numbers. Another engine may do better. */
export class EngineError extends RinError {
  override name = 'EngineError';
}

/**
 * Starts ONNX Runtime with a graph.
 * @param graph   the bytes of `model.onnx`
 * @throws EngineError if it does not start
 */
export async function startEngine(
  runtime: Runtime,
  graph: Uint8Array,
  { name, threads }: { name: EngineName; threads: number },
): Promise<Engine> {
  const { InferenceSession, Tensor, env } = runtime;
  env.wasm.numThreads = threads;
  env.logLevel = 'error';
  const session = await InferenceSession.create(graph, { executionProviders: [name], logSeverityLevel: 3 }).catch(
    (error) => {
      throw failure(name, 'does not start', error);
    },
  );
  // A pass must not wait for the loss itself: a promise that never settles keeps the result of each pass that raced it.
  const waiting = new Set<(error: EngineError) => void>();
  let loss: EngineError | undefined;
  const onLoss = (): void => {
    loss = new EngineError('WebGPU: the browser took the graphics processor away');
    for (const reject of waiting) reject(loss);
  };
  if (name === 'webgpu') void deviceOf(env).then((device) => device?.lost?.then(onLoss));
  let idle: Promise<unknown> = Promise.resolve(); // a session computes one pass at a time
  return {
    name,
    threads,
    async run(inputs, wanted) {
      const feeds = Object.entries(inputs).map(([each, { data, dims }]) => [each, new Tensor('float32', data, dims)]);
      const running = idle.then(() => session.run(Object.fromEntries(feeds), wanted));
      idle = running.catch(() => {});
      const found = await new Promise<Awaited<typeof running>>((resolve, reject) => {
        if (loss) return reject(loss);
        waiting.add(reject);
        const settled = (): void => void waiting.delete(reject);
        running.then(resolve, (error) => reject(failure(name, 'failed', error))).finally(settled);
      });
      const arrays = wanted.map(async (each) => {
        const output = found[each];
        const data = (await output.getData()) as Float32Array;
        return [each, { data, dims: output.dims }] as const;
      });
      return Object.fromEntries(await Promise.all(arrays));
    },
    close: () => session.release(),
  };
}

/** The graphics processor of WebGPU. Its `lost` settles when the browser takes it away. */
const deviceOf = async (env: Runtime['env']) =>
  (await env.webgpu.device) as { readonly lost?: Promise<unknown> } | undefined;

/** What engines are called in messages. */
export const engineTitles: Readonly<Record<EngineName, string>> = { webgpu: 'WebGPU', wasm: 'WebAssembly' };

function failure(name: EngineName, what: string, error: unknown): EngineError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EngineError(`${engineTitles[name]} ${what}: ${reason.split('\n')[0].trim()}`);
}
