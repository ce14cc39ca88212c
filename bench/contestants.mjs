// Programs that train or sample on request. Each runs in its own process, so that they can take turns.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spinCount } from '../packages/torch/dist/src/native.js';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensurePython } from '../scripts/python.mjs';
import { median, table } from './machine.mjs';

/** libgomp's default of GOMP_SPINCOUNT, which all contestants except ours use. */
export const libgompSpins = '300000';

/**
 * The environment of a contestant. Variables for waiting threads are never inherited, because they change a step by a third.
 * @param {string | undefined} spins  GOMP_SPINCOUNT; undefined = the program's own value
 */
export function environment(spins) {
  const { GOMP_SPINCOUNT: _, OMP_WAIT_POLICY: __, ...env } = process.env;
  return spins === undefined ? env : { ...env, GOMP_SPINCOUNT: spins };
}

/**
 * A child process that answers each line of JSON with one line of JSON:
 *
 *     first    the setup   →  after the warm-up: { parameters: their number, version: of torch }
 *     later    { steps }   →  { seconds: [one for each step], cpu: [the same, of all threads], memory: peak in MB, right: share of a classifier }
 */
export class Contestant {
  #child;
  #lines;
  #errors = '';
  /** its GOMP_SPINCOUNT */
  spins;

  /**
   * @param {string} command @param {string} script @param {{ spins?: string }} setup
   * @param {string} ownSpins  the program's own value
   * @param {Record<string, string>} [variables]  of its environment
   */
  constructor(command, script, { spins, ...setup }, ownSpins, variables = {}) {
    this.spins = spins ?? ownSpins;
    const path = fileURLToPath(new URL(script, import.meta.url));
    const env = { ...environment(spins), ...variables };
    this.#child = spawn(command, [path], { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-2000);
    });
    this.#child.stdin.on('error', () => {}); // it has ended: `#answer` throws
    this.#send(setup);
  }

  /** @param {object} line */
  #send(line) {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** @returns {Promise<string>} */
  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(this.#errors.trim().split('\n').at(-1));
    return value;
  }

  /** @returns {Promise<{ parameters: number, version: string }>} */
  async ready() {
    return JSON.parse(await this.#answer());
  }

  /** @param {number} steps @returns {Promise<{ seconds: number[], cpu?: number[], memory: number, right?: number }>} */
  async run(steps) {
    this.#send({ steps });
    return JSON.parse(await this.#answer());
  }

  end() {
    this.#child.kill();
  }
}

/** @typedef {{ task: 'train' | 'sample', config: object, threads: number, dtype?: string, device?: string, count?: number, spins?: string }} Setup */

/** @param {Setup} setup */
export const ours = (setup) => new Contestant(process.execPath, 'ours.mjs', setup, spinCount);

/** @param {Setup & { kind: 'plain' | 'peer', compile?: boolean | string }} setup */
export async function theirs(setup) {
  const python = await ensurePython({ peer: setup.kind === 'peer', log: createLog() });
  return new Contestant(python, 'peer.py', setup, libgompSpins);
}

/**
 * Runs contestants by turns, so that other load on the machine affects all alike, and prints a table.
 *
 * @param {{ rounds: number, steps: number, pictures: number }} options  steps for each turn; pictures for each step
 * @param {[string, () => Contestant | Promise<Contestant>][]} entries   the others are compared with the first
 */
export async function race({ rounds, steps, pictures }, entries) {
  const running = [];
  for (const [name, start] of entries) {
    const contestant = await start();
    try {
      running.push({
        ...(await contestant.ready()),
        name,
        contestant,
        seconds: /** @type {number[]} */ ([]),
        cpu: /** @type {number[]} */ ([]),
        memory: 0,
      });
    } catch (error) {
      console.log(`${name} does not run: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of running) {
      const { seconds, cpu = [], memory } = await one.contestant.run(steps);
      one.seconds.push(median(seconds));
      one.cpu.push(...cpu);
      one.memory = memory;
    }
  }
  for (const { contestant } of running) contestant.end();

  const [first] = running;
  table([
    ['', 'torch', 'spins', 'parameters', 'ms', 'fastest', `÷ ${first.name}`, 'CPU ms', 'images/s', 'peak MB'],
    ...running.map(({ name, version, parameters, contestant, seconds, cpu, memory }) => [
      name,
      version,
      contestant.spins,
      `${(parameters / 1e6).toFixed(2)} M`,
      (median(seconds) * 1000).toFixed(0),
      (Math.min(...seconds) * 1000).toFixed(0),
      // by round, because other load slows the whole round
      median(seconds.map((time, i) => time / first.seconds[i])).toFixed(2),
      (median(cpu) * 1000).toFixed(0), // other load changes it little; with several threads it counts their waiting
      (pictures / median(seconds)).toFixed(1),
      memory.toFixed(0),
    ]),
  ]);
  console.log(`Medians of ${rounds} rounds of ${steps === 1 ? 'one' : steps}.`);
}
