import { selfCheck } from './check.js';
import { denoise } from './denoise.js';
import { download } from './download.js';
import { type Engine, EngineError, type Runtime, startEngine } from './engine.js';
import type { Manifest } from './manifest.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { SampleStep } from './picture.js';

/*
 * The worker: it holds one engine, and computes a step whenever the page asks for the next one. So a sampling that nobody
 * continues costs nothing.
 */

interface Opened {
  readonly engine: Engine;
  readonly manifest: Manifest;
}

interface Running {
  readonly steps: AsyncGenerator<SampleStep, void, void>;
  withReads: boolean;
}

let opened: Opened | undefined;
const samplings = new Map<number, Running>();

const say = (message: FromWorker): void => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  answer(data).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    // While it opens, every problem is one of this engine. Later, only those that the engine reports.
    const isEngine = data.type === 'open' || error instanceof EngineError;
    say({ type: 'failed', isEngine, message, ...('id' in data && { id: data.id }) });
  });
});

async function answer(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'open':
      opened = await open(message);
      return;
    case 'sample': {
      if (!opened) throw new EngineError('the engine is not open');
      const { engine, manifest } = opened;
      const running: Running = {
        withReads: false,
        steps: denoise(engine, manifest, message.request, () => running.withReads),
      };
      samplings.set(message.id, running);
      return;
    }
    case 'next': {
      const { id, withReads } = message;
      const running = samplings.get(id);
      if (!running) return;
      running.withReads = withReads;
      const { value, done } = await running.steps.next();
      if (done) samplings.delete(id);
      say({ type: 'step', id, step: value ?? undefined });
      return;
    }
    case 'cancel':
      samplings.delete(message.id);
  }
}

async function open({ manifest, graph, base, name, threads }: ToWorker & { type: 'open' }): Promise<Opened> {
  const { script, binary } = manifest.engines[name];
  const onBytes = (count: number): void => say({ type: 'bytes', count });
  const wasm = await download(new URL(binary.file, base), { bytes: binary.bytes, onBytes });
  const address = new URL(script, base).href;
  const runtime: Runtime = await import(/* webpackIgnore: true */ /* @vite-ignore */ address).catch(() => {
    throw new EngineError(`${script} cannot be loaded; check the connection, and try again`);
  });
  runtime.env.wasm.wasmBinary = wasm.buffer as ArrayBuffer;
  const engine = await startEngine(runtime, graph, { name, threads });
  say({ type: 'opened', result: await selfCheck(engine, manifest) });
  return { engine, manifest };
}
