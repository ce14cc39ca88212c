/** Gives back the amount that was taken. */
export type Release = () => void;

/** An amount that simultaneous pieces of work share, such as memory. Requests are served in their order. */
export class Budget {
  readonly #total: number;
  #free: number;
  readonly #waiting: { readonly amount: number; start(release: Release): void }[] = [];

  /** @param total largest amount that all of them take together */
  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Waits until the amount is free. An amount above the total takes all of it, so this work runs alone.
   * @returns a function to call once, when the work is done
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
