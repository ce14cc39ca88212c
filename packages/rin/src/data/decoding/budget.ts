/** Gives back what was taken. */
export type Release = () => void;

/** An amount that pieces of work at once share, such as memory. Who comes first is served first. */
export class Budget {
  readonly #total: number;
  #free: number;
  readonly #waiting: { readonly amount: number; start(release: Release): void }[] = [];

  /** @param total what all of them may take together */
  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Waits until the amount is free. A larger amount than the total takes all of it, so that this work runs alone.
   * @returns to be called once, when the work is done
   */
  take(amount: number): Promise<Release> {
    return new Promise((start) => {
      this.#waiting.push({ amount: Math.min(amount, this.#total), start });
      this.#serve();
    });
  }

  #serve(): void {
    for (let [next] = this.#waiting; next && next.amount <= this.#free; [next] = this.#waiting) {
      const { amount, start } = next;
      this.#waiting.shift();
      this.#free -= amount;
      start(() => {
        this.#free += amount;
        this.#serve();
      });
    }
  }
}
