import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { attempted } from './attempts.js';
import { Budget, type Release } from './budget.js';
import { decode, fits, type Target } from './decode.js';

/** What a thread is told of all pictures. */
export interface Work {
  readonly target: Target;
  readonly shape?: readonly number[];
}

/** What a thread is asked: to decode a picture, or, without bytes, to go on with it, for its memory is granted. */
export interface Question {
  readonly id: number;
  readonly bytes?: Uint8Array;
  readonly patience?: number;
}

/** What a thread says of a picture: its pixels, why it cannot be read, or, before either, how much memory it needs. */
export interface Answer {
  readonly id: number;
  readonly pixels?: Uint8Array;
  readonly reason?: string;
  /** bytes */
  readonly needs?: number;
}

/** Fewer pictures are decoded before a thread is ready. */
const worthThreads = 500;

/** Threads of ours; each takes some 40 MB. */
const threads = Math.min(availableParallelism(), 16);

/** Pictures that are worth being decoded or encoded at once, so that neither our threads nor those of libuv are ever idle. */
export const atOnce = 2 * Math.max(threads, Number(process.env.UV_THREADPOOL_SIZE) || 4);

/** Bytes that pictures take together while they are decoded, about; a picture that takes more is decoded alone. */
const memory = new Budget(2e9);

/** Pictures that take fewer bytes do not ask. */
export const littleMemory = 2 ** 24;

/** Waits until so many bytes are free for decoding a picture. */
const admit = async (needs: number): Promise<Release> => (needs < littleMemory ? () => {} : memory.take(needs));

/** The second try of a picture has so many times as long. */
const morePatience = 2;

/** A thread ended that should not have: no picture is to blame. */
export class ThreadLost extends Error {}

/**
 * Decodes pictures beside the thread that asks. libvips itself works in the threads of libuv; what is left, putting each
 * picture through it and scaling by filters of our own, is done in a thread for each processor.
 */
export class DecodeThreads {
  readonly #work: Work;
  readonly #threads: Worker[] = [];
  readonly #waiting = new Map<number, Waiting>();
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
   * Decodes one picture. If that fails, it is tried again alone, so that the reason is its own.
   * @param bytes stay as they are
   * @returns planar pixels of the target's shape
   * @throws {Error} with a reason if the picture cannot be read
   * @throws {ThreadLost} if it fails for another cause
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
    const copy = new Uint8Array(bytes); // what is read may be a part of something larger, which must stay here
    this.#threads[id % this.#threads.length].postMessage({ id, bytes: copy, patience } satisfies Question, [
      copy.buffer,
    ]);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Ends the threads. What was asked for and is not answered yet fails. */
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

/** Who waits for a picture. */
interface Waiting {
  resolve(pixels: Uint8Array): void;
  reject(error: Error): void;
  release?: Release;
}
