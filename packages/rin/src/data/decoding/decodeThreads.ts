import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { decode, fits, type Target } from './decode.js';

/** What a thread is told of all pictures. */
export interface Work {
  readonly target: Target;
  readonly shape?: readonly number[];
}

/** A picture's answer: its pixels, or why it cannot be read. */
export interface Answer {
  readonly id: number;
  readonly pixels?: Uint8Array;
  readonly reason?: string;
}

/** Fewer pictures are decoded before a thread is ready. */
const worthThreads = 500;

/** Threads of ours; each takes some 40 MB. */
const threads = Math.min(availableParallelism(), 16);

/** Pictures that are worth being decoded or encoded at once, so that neither our threads nor those of libuv are ever idle. */
export const atOnce = 2 * Math.max(threads, Number(process.env.UV_THREADPOOL_SIZE) || 4);

/** A thread ended that should not have: no picture is to blame. */
export class ThreadLost extends Error {}

/**
 * Decodes pictures beside the thread that asks. libvips itself works in the threads of libuv; what is left, putting each
 * picture through it and scaling by filters of our own, is done in a thread for each processor.
 */
export class DecodeThreads {
  readonly #work: Work;
  readonly #threads: Worker[] = [];
  readonly #waiting = new Map<number, { resolve(pixels: Uint8Array): void; reject(error: Error): void }>();
  #asked = 0;
  #lost?: ThreadLost;

  /** @param pictures how many there are: a few are decoded without threads */
  constructor(work: Work, pictures: number) {
    this.#work = work;
    if (pictures < worthThreads || fits(work.target, work.shape)) return;
    for (let i = 0; i < threads; i++) {
      const thread = new Worker(new URL('./decodeThread.js', import.meta.url), { workerData: work });
      thread.on('message', (answer: Answer) => this.#answered(answer));
      thread.on('error', (error) => this.#ended(error.message));
      this.#threads.push(thread);
    }
  }

  /**
   * @returns planar pixels of the target's shape
   * @throws {Error} with a reason where the picture cannot be read; {ThreadLost} where that has another cause
   */
  decode(bytes: Uint8Array): Promise<Uint8Array> {
    if (this.#threads.length === 0) return decode(bytes, this.#work.target, this.#work.shape);
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#asked++;
    const copy = new Uint8Array(bytes); // what is read may be a part of something larger, which must stay here
    this.#threads[id % this.#threads.length].postMessage({ id, bytes: copy }, [copy.buffer]);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Ends the threads; what was asked for is not answered any more. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #answered({ id, pixels, reason }: Answer): void {
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (pixels) asked?.resolve(pixels);
    else asked?.reject(new Error(reason));
  }

  #ended(reason: string): void {
    this.#lost = new ThreadLost(`a decoding thread ended: ${reason}`);
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}
