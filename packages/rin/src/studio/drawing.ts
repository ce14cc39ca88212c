import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import type { DrawEvent, DrawnSamples, DrawRequest } from '@rin/web/studio';
import type { TrainingConfig } from '../config/training.js';
import type { Drawn, FromDrawing, ToDrawing, Weights } from './drawingMessages.js';

/** After this time in ms without a drawing, the process ends and gives its memory back. */
const idle = 300_000;

/** A drawing that goes on. */
interface Running {
  readonly process: ChildProcess;
  /** tells the page; the promise is fulfilled once the page has taken it */
  readonly tell: (event: DrawEvent) => Promise<void>;
  readonly end: () => void;
}

/** Draws in a process of its own, one request after the other. */
export class Drawing implements AsyncDisposable {
  readonly #compute: Pick<TrainingConfig, 'device' | 'threads'>;
  readonly #running = new Map<number, Running>();
  #process: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #number = 0;

  constructor(compute: Pick<TrainingConfig, 'device' | 'threads'>) {
    this.#compute = compute;
  }

  /**
   * Draws samples. The last event is `done` or `failed`, also after `signal` was aborted.
   * @param tell  its promise is fulfilled once the page has taken the event; until then, steps come without samples
   */
  draw(
    weights: Weights,
    request: Omit<DrawRequest, 'run' | 'model'>,
    tell: Running['tell'],
    signal: AbortSignal,
  ): Promise<void> {
    const id = ++this.#number;
    const process = this.#started();
    return new Promise((resolve) => {
      const cancel = (): void => this.#send(process, { type: 'cancel', id });
      const end = (): void => {
        signal.removeEventListener('abort', cancel);
        this.#running.delete(id);
        if (this.#running.size === 0) this.#idle = setTimeout(() => process.disconnect(), idle).unref();
        resolve();
      };
      if (this.#running.size > 0) void tell({ type: 'waiting' });
      this.#running.set(id, { process, tell, end });
      this.#send(process, { type: 'draw', id, weights, request });
      signal.addEventListener('abort', cancel);
      if (signal.aborted) cancel();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    await new Promise((resolve) => {
      process.once('exit', resolve);
      process.kill('SIGKILL'); // it has nothing to save
    });
  }

  #started(): ChildProcess {
    clearTimeout(this.#idle);
    if (this.#process?.connected) return this.#process;
    const { device, threads } = this.#compute;
    const process = fork(fileURLToPath(new URL('./drawingProcess.js', import.meta.url)), [device, String(threads)], {
      ...{ serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
    });
    this.#process = process;
    process.on('message', (message: FromDrawing) => void this.#received(process, message));
    const failAll = (why: string): void => {
      if (this.#process === process) this.#process = undefined;
      for (const each of [...this.#running.values()])
        if (each.process === process) void each.tell({ type: 'failed', message: why }).then(each.end);
    };
    process.on('error', ({ message }) => failAll(`the process that draws cannot be started: ${message}`));
    process.on('exit', (_, signal) => {
      const how = signal ? ` by ${signal}${signal === 'SIGKILL' ? ': the memory may be full' : ''}` : '';
      failAll(`the process that draws was ended${how}; draw fewer samples together, or try again`);
    });
    return process;
  }

  /** A process that ends takes no message; its end tells the page. */
  #send(process: ChildProcess, message: ToDrawing): void {
    if (process.connected) process.send(message, () => {});
  }

  async #received(process: ChildProcess, message: FromDrawing): Promise<void> {
    const { id } = message;
    const running = this.#running.get(id);
    if (!running) return;
    await running.tell(eventOf(message));
    if (message.type === 'done' || message.type === 'failed') running.end();
    else if (message.type === 'step' && message.drawn) this.#send(process, { type: 'next', id });
  }
}

/** A message as the page gets it. */
function eventOf(message: FromDrawing): DrawEvent {
  switch (message.type) {
    case 'step': {
      const { type, step, steps, drawn } = message;
      return { type, step, steps, ...(drawn && { samples: inBase64(drawn) }) };
    }
    case 'done':
      return { type: 'done', samples: inBase64(message.drawn), seconds: message.seconds };
    case 'failed':
      return { type: 'failed', message: message.message };
    case 'loading':
      return { type: 'loading' };
    default:
      throw new RinError('the process that draws sent an unknown message');
  }
}

const inBase64 = ({ pictures, reads, ...rest }: Drawn): DrawnSamples => ({
  ...rest,
  pictures: pictures.map(base64),
  ...(reads && { reads: reads.map((maps) => maps.map(base64)) }),
});

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');
