import type { Counters } from '../runs/checkpoint.js';
import { Artefacts } from './artefacts.js';
import type { Figures } from './evaluator.js';
import type { Ranks } from './ranks.js';
import { StoppedElsewhere } from './sharedSamples.js';

/** What a session does with the artefacts of its run. */
export type ArtefactWriter = Pick<
  Artefacts,
  'saved' | 'previewEvery' | 'reals' | 'preview' | 'evaluate' | 'checkpoint' | 'model'
>;

/** The artefacts of a run that several ranks train. All draw its previews. Rank 0 writes everything while the others wait. */
export class SharedArtefacts implements ArtefactWriter {
  readonly previewEvery: number;
  readonly #ranks: Ranks;
  readonly #own: Artefacts | undefined;
  readonly #help: () => Promise<unknown>;
  readonly #signal: AbortSignal | undefined;
  #saved: number | null;

  /**
   * @param part of this rank: the artefacts that rank 0 writes, or how another rank helps to draw a preview until the signal stops it
   * @param facts  the same on every rank
   */
  constructor(
    ranks: Ranks,
    part: Artefacts | { help: () => Promise<unknown>; signal: AbortSignal | undefined },
    facts: { previewEvery: number; saved: number | null },
  ) {
    this.#ranks = ranks;
    const isOfFirst = part instanceof Artefacts;
    this.#own = isOfFirst ? part : undefined;
    this.#help = isOfFirst ? async () => {} : part.help;
    this.#signal = isOfFirst ? undefined : part.signal;
    this.previewEvery = facts.previewEvery;
    this.#saved = facts.saved;
  }

  get saved(): number | null {
    return this.#saved;
  }

  reals = (): Promise<void> => this.#first(async (own) => own.reals());

  async preview(...args: Parameters<Artefacts['preview']>): Promise<boolean> {
    const [label, images] = args;
    if (!(await this.#first(async (own) => own.lacksPreview(label, images)))) return false;
    const isDrawn = this.#own ? await this.#own.drawPreview(...args) : await this.#helpToDraw();
    return this.#first(async () => isDrawn); // when it is written too
  }

  async #helpToDraw(): Promise<boolean> {
    try {
      await this.#help();
      return true;
    } catch (error) {
      if (this.#signal?.aborted || error instanceof StoppedElsewhere) return false;
      throw error;
    }
  }

  /** Only rank 0 evaluates, while the others wait. */
  evaluate = async (...args: Parameters<Artefacts['evaluate']>): Promise<Figures | undefined> =>
    this.#own?.evaluate(...args);

  async checkpoint(label: string, counters: Counters): Promise<void> {
    await this.#first((own) => own.checkpoint(label, counters));
    this.#saved = counters.images;
  }

  model = (images: number): Promise<void> => this.#first((own) => own.model(images));

  #first<T>(work: (own: Artefacts) => Promise<T>): Promise<T> {
    return this.#ranks.first(() => work(this.#own as Artefacts)); // it only runs on rank 0
  }
}
