import { RinError } from '@rin/core';
import { type Drawer, drawInWorker } from './drawer.js';
import { EngineError } from './engine.js';
import { loadFiles } from './files.js';
import type { EngineName } from './manifest.js';
import { WebModel } from './model.js';
import { checkSupport, usualThreads } from './support.js';

/** How a model is loaded. */
export interface LoadOptions {
  /** The engines to try, in this order. Default: WebGPU, then WebAssembly */
  readonly engines?: readonly EngineName[];
  /** Threads of WebAssembly. Default: 1, or up to 4 where the page is cross-origin isolated */
  readonly threads?: number;
  /** Is called while files come. The total is that of the model and of the engine that is tried. */
  readonly onProgress?: (progress: { readonly loaded: number; readonly total: number }) => void;
  /** If it is aborted, loading ends and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a model that `rin export MODEL --web` wrote. Each engine must first compute a stored pass, whose results are compared.
 * An engine that cannot start, or computes other numbers, is passed over.
 * @param url  of the folder with `model.json`, or of this file; relative to the page
 * @throws RinError if a file does not come or is another one, or no engine works; the message says why
 * @throws the reason of `signal` if it is aborted
 */
export async function load(url: string | URL, options: LoadOptions = {}): Promise<WebModel> {
  const { engines = ['webgpu', 'wasm'], threads = usualThreads(), onProgress, signal } = options;
  let [loaded, total] = [0, 0];
  const onBytes = (count: number): void => {
    loaded += count;
    onProgress?.({ loaded, total });
  };
  const { base, ...files } = await loadFiles(url, {
    onBytes,
    onManifest: (found) => {
      total = found.graph.bytes + (found.given?.bytes ?? 0);
    },
    ...(signal && { signal }),
  });
  const { manifest, graph } = files;
  const queue = [...engines];
  const passedOver: string[] = [];
  /** The next engine that works. */
  const open = async (): Promise<Drawer> => {
    for (let name = queue.shift(); name; name = queue.shift()) {
      try {
        await checkSupport(name, queue.length > 0);
        [loaded, total] = [graph.length, graph.length + manifest.engines[name].binary.bytes];
        const settings = { name, base: base.href, onBytes, ...(signal && { signal }) };
        return await drawInWorker({ manifest, graph, threads }, settings);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof EngineError)) throw error;
        passedOver.push(error.message);
      }
    }
    throw new RinError(`no engine works in this browser. ${passedOver.join('. ')}`);
  };
  return new WebModel(files, await open(), { passedOver, open });
}
