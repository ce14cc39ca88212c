// Programs that train or sample when they are told to, each in a process of its own, so that they can take turns.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensurePython } from '../scripts/python.mjs';
import { median, table } from './machine.mjs';

/**
 * One line of JSON goes in ({ steps }), one comes back ({ seconds: [one a step], memory: its peak in MB }); the first one in
 * says what to do, the first one back, once it has warmed up, what does it ({ parameters: their number, version: of torch }).
 */
class Contestant {
  #child;
  #lines;
  #errors = '';

  /** @param {string} command @param {string} script @param {object} setup */
  constructor(command, script, setup) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.#child = spawn(command, [path], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-2000);
    });
    this.#child.stdin.on('error', () => {}); // it has ended: `answer` says so
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

  /** @param {number} steps @returns {Promise<{ seconds: number[], memory: number }>} */
  async run(steps) {
    this.#send({ steps });
    return JSON.parse(await this.#answer());
  }

  end() {
    this.#child.kill();
  }
}

/** @typedef {{ task: 'train' | 'sample', config: object, threads: number, dtype?: string, count?: number }} Setup */

/** @param {Setup} setup */
export const ours = (setup) => new Contestant(process.execPath, 'ours.mjs', setup);

/** @type {string | undefined} */
let python;

/** @param {Setup & { kind: 'plain' | 'peer', compile?: boolean }} setup */
export async function theirs(setup) {
  python ??= await ensurePython({ peer: setup.kind === 'peer', log: createLog() });
  return new Contestant(python, 'peer.py', setup);
}

/**
 * Lets them take turns, so that what else the machine does meets all alike, and prints what came of it.
 *
 * @param {{ rounds: number, steps: number, pictures: number }} options  steps in a turn; pictures in a step
 * @param {[string, () => Contestant | Promise<Contestant>][]} entries   the first is what the others are compared with
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
        memory: 0,
      });
    } catch (error) {
      console.log(`${name} does not run: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of running) {
      const { seconds, memory } = await one.contestant.run(steps);
      one.seconds.push(median(seconds));
      one.memory = memory;
    }
  }
  for (const { contestant } of running) contestant.end();

  const [first] = running;
  table([
    ['', 'torch', 'parameters', 'ms', 'fastest', `÷ ${first.name}`, 'images/s', 'peak MB'],
    ...running.map(({ name, version, parameters, seconds, memory }) => [
      name,
      version,
      `${(parameters / 1e6).toFixed(2)} M`,
      (median(seconds) * 1000).toFixed(0),
      (Math.min(...seconds) * 1000).toFixed(0),
      // of each round: what slows a round slows both
      median(seconds.map((time, i) => time / first.seconds[i])).toFixed(2),
      (pictures / median(seconds)).toFixed(1),
      memory.toFixed(0),
    ]),
  ]);
  console.log(`Medians of ${rounds} rounds of ${steps === 1 ? 'one' : steps}.`);
}
