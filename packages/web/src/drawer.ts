import type { CheckResult } from './check.js';
import type { WantsReads } from './denoise.js';
import { EngineError } from './engine.js';
import type { EngineName, Manifest } from './manifest.js';
import type { FromWorker, ToWorker } from './messages.js';
import type { SampleRequest } from './options.js';
import type { SampleStep } from './picture.js';

/** Something that draws with a model: an engine in a worker, or one in this thread. */
export interface Drawer extends CheckResult {
  readonly name: EngineName;
  readonly threads: number;
  sample(
    request: SampleRequest,
    wantsReads: WantsReads,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<SampleStep, void, void>;
  close(): void;
}

/** What a drawer is made from. */
export interface DrawerInput {
  readonly manifest: Manifest;
  readonly graph: Uint8Array;
  readonly threads: number;
}

/**
 * Opens an engine in a worker of its own.
 * @param base     address of `model.json`
 * @param onBytes  is called with the bytes of the engine that came since the last call
 * @throws EngineError if it does not start or computes wrong numbers
 * @throws the reason of `signal` if it is aborted
 */
export async function drawInWorker(
  { manifest, graph, threads }: DrawerInput,
  {
    name,
    base,
    onBytes,
    signal,
  }: { name: EngineName; base: string; onBytes: (n: number) => void; signal?: AbortSignal },
): Promise<Drawer> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const say = (message: ToWorker): void => worker.postMessage(message);
  const waiting = new Map<number, PromiseWithResolvers<SampleStep | undefined>>();
  const opening = promiseWithResolvers<CheckResult>();
  let ended: Error | undefined; // why it draws no more
  const failAll = (error: Error): void => {
    ended ??= error;
    opening.reject(error);
    for (const each of waiting.values()) each.reject(error);
    waiting.clear();
  };
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === 'bytes') return onBytes(data.count);
    if (data.type === 'opened') return opening.resolve(data.result);
    if (data.type === 'step') return take(data.id)?.resolve(data.step);
    const error = data.isEngine ? new EngineError(data.message) : new Error(data.message);
    if (data.id === undefined) failAll(error);
    else take(data.id)?.reject(error);
  });
  worker.addEventListener('error', ({ message }) => {
    failAll(new EngineError(`the worker ended${message ? `: ${message}` : ''}; memory may have run out`));
  });
  const take = (id: number) => {
    const found = waiting.get(id);
    waiting.delete(id);
    return found;
  };
  const onAbort = (): void => failAll(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  let result: CheckResult;
  try {
    signal?.throwIfAborted();
    say({ type: 'open', manifest, graph, base, name, threads });
    result = await opening.promise;
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  let last = 0;
  return {
    ...{ name, threads, ...result },
    async *sample(request, wantsReads, stop) {
      const id = ++last;
      const onStop = (): void => take(id)?.reject(stop?.reason);
      stop?.addEventListener('abort', onStop);
      try {
        say({ type: 'sample', id, request });
        for (;;) {
          stop?.throwIfAborted();
          if (ended) throw ended;
          const next = promiseWithResolvers<SampleStep | undefined>();
          waiting.set(id, next);
          say({ type: 'next', id, withReads: wantsReads() });
          const step = await next.promise;
          if (!step) return;
          yield step;
        }
      } finally {
        stop?.removeEventListener('abort', onStop);
        say({ type: 'cancel', id });
      }
    },
    close: () => {
      failAll(new EngineError('the model was closed'));
      worker.terminate();
    },
  };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** `Promise.withResolvers`, which browsers have had since 2024. A rejection that nobody waits for is no error. */
function promiseWithResolvers<T>(): PromiseWithResolvers<T> {
  let [resolve, reject]: [(value: T) => void, (reason: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
