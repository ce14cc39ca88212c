// @ts-check
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Finished
 * @property {number} code     exit status; 127 where the program was not found, 128 and more where a signal ended it
 * @property {string} output   stdout and stderr, in order of arrival
 */

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env]   added to this process's environment
 * @param {string} [options.cwd]
 * @param {boolean} [options.show]            let it speak on this terminal (and ask for a password); nothing is collected
 * @param {number} [options.lock]             file descriptor of a held lock that the program keeps, should we die before it
 * @returns {Promise<Finished>}
 */
export function run(program, args, { env, cwd, show = false, lock } = {}) {
  return new Promise((resolve) => {
    /** @type {import('node:child_process').StdioOptions} */
    // What the program prints goes to stderr: `rin` prints its results on stdout, and set-up may run before it.
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
