import type { Counters } from '../runs/checkpoint.js';
import type { Artefacts } from './artefacts.js';
import type { Ranks } from './ranks.js';

/** What a session does with the artefacts of its run. */
export type ArtefactWriter = Pick<Artefacts, 'saved' | 'previewEvery' | 'reals' | 'preview' | 'checkpoint' | 'model'>;

/** The artefacts of a run that several ranks train. Rank 0 writes them while the others wait. */
export class SharedArtefacts implements ArtefactWriter {
  readonly previewEvery: number;
  readonly #ranks: Ranks;
  readonly #own: Artefacts | undefined;
  #saved: number | null;

  /**
   * @param own  those that rank 0 writes; undefined on the other ranks
   * @param facts  the same on every rank
   */
  constructor(ranks: Ranks, own: Artefacts | undefined, facts: { previewEvery: number; saved: number | null }) {
    this.#ranks = ranks;
    this.#own = own;
    this.previewEvery = facts.previewEvery;
    this.#saved = facts.saved;
  }

  get saved(): number | null {
    return this.#saved;
  }

  reals = (): Promise<void> => this.#first(async (own) => own.reals());

  preview = (...args: Parameters<Artefacts['preview']>): Promise<boolean> => this.#first((own) => own.preview(...args));

  async checkpoint(label: string, counters: Counters): Promise<void> {
    await this.#first((own) => own.checkpoint(label, counters));
    this.#saved = counters.images;
  }

  model = (images: number): Promise<void> => this.#first((own) => own.model(images));

  #first<T>(work: (own: Artefacts) => Promise<T>): Promise<T> {
    return this.#ranks.first(() => work(this.#own as Artefacts)); // it only runs on rank 0
  }
}
