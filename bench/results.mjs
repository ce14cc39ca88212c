// @ts-check
// What a benchmark measured in this and earlier calls, in `results.json` of its folder, so that the same command goes on.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @template T */
export class Results {
  /** @type {Record<string, T>} */
  #known = {};
  #file;

  /** @param {string} folder  is made if it is not there */
  constructor(folder) {
    this.#file = join(folder, 'results.json');
    try {
      this.#known = JSON.parse(readFileSync(this.#file, 'utf8'));
    } catch {
      mkdirSync(folder, { recursive: true });
    }
  }

  /** What was measured under a name; undefined if nothing was. @param {string} key @returns {T | undefined} */
  get(key) {
    return this.#known[key];
  }

  /** Keeps a result. @param {string} key @param {T} result @returns {T} the result */
  set(key, result) {
    this.#known[key] = result;
    writeFileSync(this.#file, JSON.stringify(this.#known, null, 1));
    return result;
  }

  /** What was measured under a name, or is measured now. @param {string} key @param {() => T | Promise<T>} measure */
  async once(key, measure) {
    return this.#known[key] ?? this.set(key, await measure());
  }
}
