// @ts-check
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Finished
 * @property {number} code     exit status; 127 if the program was not found, 128 if a signal ended it
 * @property {string} output   stdout and stderr, in the order of arrival
 */

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env]   added to this process's environment
 * @param {string} [options.cwd]
 * @param {boolean} [options.show]            use this terminal for input and output, for example to ask for a password; `output` stays empty
 * @param {number} [options.lock]             file descriptor of a lock that the program keeps holding, even if this process dies first
 * @returns {Promise<Finished>}
 */
export function run(program, args, { env, cwd, show = false, lock } = {}) {
  return new Promise((resolve) => {
    /** @type {import('node:child_process').StdioOptions} */
    // The program's output goes to stderr, because set-up may run before `rin`, which prints its results on stdout.
    const stdio = show ? ['inherit', process.stderr, process.stderr] : ['ignore', 'pipe', 'pipe'];
    if (lock !== undefined) stdio.push(lock);
    const child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 128, output: signal ? `${output}\n${signal}` : output }),
    );
  });
}
