import { type Medium, mediumOf } from '@rin/core';
import type { Drawer } from './drawer.js';
import { EngineError } from './engine.js';
import type { ModelFiles } from './files.js';
import type { EngineName, Manifest } from './manifest.js';
import { readOptions, type SampleOptions } from './options.js';
import type { SampleStep } from './picture.js';

/** The engine that computes, and what its self-check found. */
export interface EngineReport {
  readonly name: EngineName;
  readonly threads: number;
  /** largest difference of the self-check, relative to the largest value of an output */
  readonly difference: number;
  /** milliseconds of its pass, with one sample */
  readonly ms: number;
  /** why the engines before it were passed over, a sentence for each */
  readonly passedOver: readonly string[];
}

/** How a sampling runs. */
export interface RunOptions {
  /** Ends the sampling at any step: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whether steps bring read maps. A function is asked before each step. Default: false */
  readonly reads?: boolean | (() => boolean);
}

/** Other engines, in case the one that computes fails. */
interface Others {
  readonly passedOver: string[];
  /** @throws RinError if there is none */
  open(): Promise<Drawer>;
}

/** A model in a browser. `load` makes it. */
export class WebModel {
  readonly manifest: Manifest;
  readonly #others: Others | undefined;
  readonly #starts: ModelFiles['starts'];
  #drawer: Drawer;
  #opening: Promise<Drawer> | undefined;
  /** why no engine is left */
  #failure: unknown;
  #isClosed = false;

  /** Use `load`. */
  constructor({ manifest, starts }: Omit<ModelFiles, 'base'>, drawer: Drawer, others?: Others) {
    this.manifest = manifest;
    this.#starts = starts;
    this.#drawer = drawer;
    this.#others = others;
  }

  /** The engine that computes now. It changes if one fails while it draws. */
  get engine(): EngineReport {
    const { name, threads, difference, ms } = this.#drawer;
    return { name, threads, difference, ms, passedOver: [...(this.#others?.passedOver ?? [])] };
  }

  /** Names of the classes, by number; empty if they have none. */
  get classes(): readonly string[] {
    return this.manifest.classes;
  }

  /** What the samples are. */
  get medium(): Medium {
    return mediumOf(this.manifest.inputs.x);
  }

  /**
   * Samples step by step. If the engine fails on the way, the next engine draws the same samples anew and continues.
   * @throws RinError if an option is out of range, the network's output is not finite, or no engine works
   * @throws the reason of `signal` if it is aborted
   */
  async *sample(options: SampleOptions & RunOptions = {}): AsyncGenerator<SampleStep, void, void> {
    const { signal, reads = false, ...others } = options;
    const request = readOptions(this.manifest, { ...(this.#starts && { given: this.#starts }), ...others });
    const wantsReads = typeof reads === 'function' ? reads : () => reads;
    for (let shown = 0; ; ) {
      if (this.#failure) throw this.#failure;
      const drawer = this.#drawer;
      try {
        for await (const step of drawer.sample(request, wantsReads, signal)) {
          if (step.step <= shown) continue; // drawn anew
          shown = step.step;
          yield step;
        }
        return;
      } catch (error) {
        if (!(error instanceof EngineError) || !this.#others || this.#isClosed) throw error;
        await this.#replace(drawer, error, this.#others);
      }
    }
  }

  /** Ends the engine. Running samplings fail. */
  close(): void {
    this.#isClosed = true;
    this.#drawer.close();
  }

  /** Replaces a failed engine by the next one. Several samplings may see the same failure. */
  async #replace(failed: Drawer, error: EngineError, others: Others): Promise<void> {
    if (this.#drawer !== failed) return;
    if (!this.#opening) {
      failed.close();
      others.passedOver.push(error.message);
      this.#opening = others.open();
    }
    try {
      this.#drawer = await this.#opening;
      if (this.#isClosed) this.#drawer.close();
    } catch (failure) {
      this.#failure = failure;
      throw failure;
    } finally {
      this.#opening = undefined;
    }
  }
}
