import { selfCheck } from './check.js';
import { denoise } from './denoise.js';
import type { Drawer } from './drawer.js';
import { type Runtime, startEngine } from './engine.js';
import { loadFiles, type ModelFiles } from './files.js';
import { WebModel } from './model.js';

/** A model as `rin export --web` writes it: the contents of `model.json`, the bytes of the graph, and clips that go on. */
export type ModelParts = Omit<ModelFiles, 'base'>;

/**
 * Loads a model without a worker: in any JavaScript engine that has WebAssembly, such as Node. Sampling then takes the time of
 * this thread.
 * @param model    the address of `model.json` or of its folder, or its parts
 * @param runtime  ONNX Runtime as a module: `await import('onnxruntime-web')`
 * @throws RinError if a file does not come or is another one, or the engine does not start or computes wrong numbers
 */
export async function loadHere(
  model: string | URL | ModelParts,
  runtime: Runtime,
  { threads = 1 }: { threads?: number } = {},
): Promise<WebModel> {
  const parts = typeof model === 'object' && 'manifest' in model ? model : await loadFiles(model);
  return new WebModel(parts, await drawHere(runtime, parts, threads));
}

async function drawHere(runtime: Runtime, { manifest, graph }: ModelParts, threads: number): Promise<Drawer> {
  const engine = await startEngine(runtime, graph, { name: 'wasm', threads });
  return {
    ...{ name: engine.name, threads, ...(await selfCheck(engine, manifest)) },
    async *sample(request, wantsReads, signal) {
      signal?.throwIfAborted();
      for await (const step of denoise(engine, manifest, request, wantsReads)) {
        signal?.throwIfAborted();
        yield step;
        await new Promise((resolve) => setTimeout(resolve)); // other events of the thread run
      }
    },
    close: () => void engine.close(),
  };
}
