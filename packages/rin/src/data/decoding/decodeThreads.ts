import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { attempted } from './attempts.js';
import { Budget, type Release } from './budget.js';
import { decode, fits, type Target } from './decode.js';

/** What a thread knows about all pictures. */
export interface Work {
  readonly target: Target;
  readonly shape?: readonly number[];
}

/** A request to a thread: decode a picture. Without bytes: continue with the picture, because its memory is granted. */
export interface Question {
  readonly id: number;
  readonly bytes?: Uint8Array;
  readonly patience?: number;
}

/** A thread's answer: the pixels, or why the picture cannot be read. Before that, possibly the memory that it needs. */
export interface Answer {
  readonly id: number;
  readonly pixels?: Uint8Array;
  readonly reason?: string;
  /** bytes */
  readonly needs?: number;
}

/** Below this number of pictures, no threads are started: decoding ends before a thread is ready. */
const worthThreads = 500;

/** Number of decoding threads. Each takes about 40 MB. */
const threads = Math.min(availableParallelism(), 16);

/** Number of pictures decoded or encoded at once. It keeps our threads and the threads of libuv busy. */
export const atOnce = 2 * Math.max(threads, Number(process.env.UV_THREADPOOL_SIZE) || 4);

/** About how many bytes all pictures take together while they are decoded. A larger picture is decoded alone. */
const memory = new Budget(2e9);

/** Pictures that take fewer bytes do not ask for memory. */
export const littleMemory = 2 ** 24;

/** Waits until there is memory for decoding a picture. @param needs bytes */
const admit = async (needs: number): Promise<Release> => (needs < littleMemory ? () => {} : memory.take(needs));

/** Factor on the time limit of a picture's second try. */
const morePatience = 2;

/** A thread ended unexpectedly. No picture is to blame. */
export class ThreadLost extends Error {}

/**
 * Decodes pictures in other threads. libvips works in the threads of libuv. Our threads, one for each processor, do the
 * rest: they call libvips for each picture and scale by our own filters.
 */
export class DecodeThreads {
  readonly #work: Work;
  readonly #threads: Worker[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #lost?: ThreadLost;

  /** @param pictures number of pictures; below 500, no threads are started */
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
   * Decodes one picture. If that fails, it is tried again alone, so that the reported reason is its own.
   * @param bytes are not changed
   * @returns planar pixels of the target's shape
   * @throws Error with a reason if the picture cannot be read
   * @throws ThreadLost if a thread ended or was closed
   */
  decode(bytes: Uint8Array): Promise<Uint8Array> {
    return attempted(
      (isAlone) => this.#decode(bytes, isAlone ? morePatience : 1),
      (error) => error instanceof ThreadLost,
    );
  }

  #decode(bytes: Uint8Array, patience: number): Promise<Uint8Array> {
    const { target, shape } = this.#work;
    if (this.#threads.length === 0) return decode(bytes, target, shape, { admit, patience });
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#asked++;
    const copy = new Uint8Array(bytes); // the bytes may be part of a larger buffer, which must not be transferred
    this.#threads[id % this.#threads.length].postMessage({ id, bytes: copy, patience } satisfies Question, [
      copy.buffer,
    ]);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Ends the threads. Requests without an answer fail. */
  async close(): Promise<void> {
    this.#giveUp(new ThreadLost('the decoding threads were closed'));
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  async #answered({ id, pixels, reason, needs }: Answer): Promise<void> {
    const asked = this.#waiting.get(id);
    if (needs !== undefined) {
      const release = await admit(needs);
      if (!asked || !this.#waiting.has(id)) return release();
      asked.release = release;
      return this.#threads[id % this.#threads.length].postMessage({ id } satisfies Question);
    }
    this.#waiting.delete(id);
    asked?.release?.();
    if (pixels) asked?.resolve(pixels);
    else asked?.reject(new Error(reason));
  }

  #ended(reason: string): void {
    this.#lost = new ThreadLost(`a decoding thread ended: ${reason}`);
    this.#giveUp(this.#lost);
  }

  #giveUp(reason: Error): void {
    for (const { reject, release } of this.#waiting.values()) {
      release?.();
      reject(reason);
    }
    this.#waiting.clear();
  }
}

/** A caller that waits for a picture. */
interface Waiting {
  resolve(pixels: Uint8Array): void;
  reject(error: Error): void;
  release?: Release;
}
