// @ts-check
import { createInterface } from 'node:readline/promises';
import { SetupError } from './errors.mjs';
import { run } from './run.mjs';

/**
 * @typedef {'compiler' | 'python' | 'venv' | 'browser'} Need
 * @typedef {import('./log.mjs').Log} Log
 */

/** The packages of a need in apt, and its name in messages. */
const PACKAGES = {
  compiler: { apt: ['g++'], words: 'a C++20 compiler (g++ 11 or newer)' },
  python: { apt: ['python3', 'python3-pip'], words: 'Python 3 with pip' },
  venv: { apt: ['python3', 'python3-venv'], words: 'Python 3 with venv' },
  browser: { apt: ['chromium'], words: 'the browser Chromium' },
};

/** @param {Need} need */
const isThere = async (need) =>
  (await { compiler: compilerVersion, python: pipPython, venv: venvPython, browser: findBrowser }[need]()) !==
  undefined;

/** The compiler of a system. @param {string} [platform]  as `process.platform` */
const compilerOf = (platform = process.platform) => (platform === 'darwin' ? 'clang++' : 'g++');

/** The compiler's command, `$CXX` or the system's, as program and first arguments (`CXX="ccache g++"`). */
export const compilerCommand = () => (process.env.CXX?.trim() || compilerOf()).split(/\s+/);

/** The first line of the compiler's `--version`, or undefined if it does not run. */
export async function compilerVersion() {
  const [program, ...args] = compilerCommand();
  const { code, output } = await run(program, [...args, '--version']);
  return code === 0 ? output.split('\n')[0] : undefined;
}

/** The command of Chromium, which tests of pages use; undefined if it does not run. */
export async function findBrowser() {
  return (await run('chromium', ['--version'])).code === 0 ? 'chromium' : undefined;
}

/** A Python that has pip. */
export const pipPython = () => pythonThatRuns('-m', 'pip', '--version');

/** A Python that can make virtual environments. */
export const venvPython = () => pythonThatRuns('-c', 'import venv, ensurepip');

/** Tries the system's Python second, because `python3` may be a virtual environment that lacks a module. @param {string[]} args */
async function pythonThatRuns(...args) {
  for (const python of ['python3', '/usr/bin/python3']) if ((await run(python, args)).code === 0) return python;
  return undefined;
}

/**
 * Installs missing system packages with apt: as root, or with sudo after a question on the terminal.
 *
 * @param {Need[]} needs
 * @param {Log} log
 * @throws SetupError if it cannot install them; the message has the exact command
 */
export async function ensureSystem(needs, log) {
  /** @type {Need[]} */
  const missing = [];
  for (const need of needs) if (!(await isThere(need))) missing.push(need);
  if (missing.length === 0) return;
  const words = missing.map((need) => PACKAGES[need].words).join(' and ');
  if (missing.includes('compiler') && process.env.CXX) {
    throw new SetupError(
      `$CXX is "${process.env.CXX}", which does not run; set it to a C++20 compiler, or unset it to use ${compilerOf()}`,
    );
  }
  if (process.platform === 'darwin') throw new SetupError(macInstall(missing));
  if ((await run('apt-get', ['--version'])).code !== 0) {
    throw new SetupError(
      `Install ${words} with this system's package manager first (Fedora: dnf install gcc-c++ python3-pip; ` +
        'Arch: pacman -S gcc python-pip; openSUSE: zypper install gcc-c++ python3-pip)',
    );
  }
  const packages = missing.flatMap((need) => PACKAGES[need].apt);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  const mend = `apt-get update && apt-get ${install.join(' ')}`;
  const root = process.getuid?.() === 0;
  if (!root && !(await maySudo(packages))) {
    throw new SetupError(`Install ${words} first:\n  sudo sh -c '${mend}'`);
  }
  await log.task(`Installing ${packages.join(', ')} with apt-get`, async () => {
    // A fresh machine's automatic update may hold the lock of dpkg for minutes, so apt waits for it.
    const apt = [
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'NEEDRESTART_MODE=a',
      'apt-get',
      '--quiet',
      '-o',
      'DPkg::Lock::Timeout=300',
    ];
    const [program, ...args] = root ? apt : ['sudo', ...apt];
    // One unreachable source must not stop set-up. If the lists are not enough, `install` fails.
    await run(program, [...args, 'update']);
    const { code, output } = await run(program, [...args, ...install]);
    if (code !== 0)
      throw new SetupError(`apt-get could not install ${packages.join(', ')}:\n${lastLines(output)}\nTry: ${mend}`);
  });
  for (const need of missing) {
    if (!(await isThere(need)))
      throw new SetupError(`apt-get installed ${PACKAGES[need].words}, but it is not on the PATH; add it there`);
  }
}

/**
 * How to install what a Mac lacks. Apple's tools have the compiler and Python.
 * @param {Need[]} needs @returns {string}
 */
export function macInstall(needs) {
  const words = needs
    .map((need) => (need === 'compiler' ? 'a C++20 compiler (clang)' : PACKAGES[need].words))
    .join(' and ');
  const command = needs.some((need) => need !== 'browser') ? ': xcode-select --install' : '';
  return `Install ${words} first${command}`;
}

/** @param {string[]} packages */
async function maySudo(packages) {
  if (!process.stdin.isTTY || !process.stderr.isTTY || (await run('sudo', ['--version'])).code !== 0) return false;
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(`rin needs ${packages.join(', ')}. Install with sudo apt-get? [Y/n] `);
  ask.close();
  if (!/^(y|yes|)$/i.test(answer.trim())) return false;
  // Ask for the password here, because a progress line would overwrite the prompt later.
  return (await run('sudo', ['--validate'], { show: true })).code === 0;
}

/** @param {string} output */
export const lastLines = (output) => output.trimEnd().split('\n').slice(-8).join('\n');
