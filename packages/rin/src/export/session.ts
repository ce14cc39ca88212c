import { RinError } from '@rin/core';
import { type Tensor, tensor } from '@rin/torch';
import { oneLine } from '../disk/systemError.js';

/** An ONNX graph that is ready to compute, in WebAssembly on one thread. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** One pass. Inputs and results are float32. @throws RinError if an input does not fit the graph */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Loads onnxruntime-web, for one thread. */
export async function loadRuntime() {
  const runtime = await import('onnxruntime-web');
  runtime.env.wasm.numThreads = 1;
  return runtime;
}

/**
 * Opens an ONNX graph in onnxruntime-web.
 * @param graph  the bytes of the file
 * @throws RinError if onnxruntime-web refuses the graph
 */
export async function openSession(graph: Uint8Array): Promise<Session> {
  const { InferenceSession, Tensor: Values } = await loadRuntime();
  const session = await InferenceSession.create(graph, { executionProviders: ['wasm'] }).catch((error) => {
    throw new RinError(`onnxruntime-web cannot open the graph: ${oneLine(error)}`);
  });
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, value]) => {
        return [name, new Values('float32', value.toTypedArray() as Float32Array, value.shape)] as const;
      });
      const found = await session.run(Object.fromEntries(feeds)).catch((error) => {
        throw new RinError(`onnxruntime-web cannot compute the graph: ${oneLine(error)}`);
      });
      const results = Object.entries(found).map(([name, { data, dims }]) => {
        return [name, tensor(Float32Array.from(data as Float32Array), dims)] as const;
      });
      return Object.fromEntries(results);
    },
    close: () => session.release(),
  };
}
