// @ts-check
import { createInterface } from 'node:readline/promises';
import { SetupError } from './errors.mjs';
import { run } from './run.mjs';

/**
 * @typedef {'compiler' | 'python' | 'venv'} Need
 * @typedef {import('./log.mjs').Log} Log
 */

/** What a need is called by apt, and what it is. */
const PACKAGES = {
  compiler: { apt: ['g++'], words: 'a C++20 compiler (g++ 11 or newer)' },
  python: { apt: ['python3', 'python3-pip'], words: 'Python 3 with pip' },
  venv: { apt: ['python3', 'python3-venv'], words: 'Python 3 with venv' },
};

/** @param {Need} need */
const isThere = async (need) =>
  (await { compiler: compilerVersion, python: pipPython, venv: venvPython }[need]()) !== undefined;

/** The compiler's command, `$CXX` or g++, as program and first arguments (`CXX="ccache g++"`). */
export const compilerCommand = () => (process.env.CXX?.trim() || 'g++').split(/\s+/);

/** The first line that the compiler says of itself, or undefined where there is none. */
export async function compilerVersion() {
  const [program, ...args] = compilerCommand();
  const { code, output } = await run(program, [...args, '--version']);
  return code === 0 ? output.split('\n')[0] : undefined;
}

/** A Python that has pip. */
export const pipPython = () => pythonThatRuns('-m', 'pip', '--version');

/** A Python that can make virtual environments. */
export const venvPython = () => pythonThatRuns('-c', 'import venv, ensurepip');

/** The Python on the path may be a virtual environment that lacks something; the system's comes second. @param {string[]} args */
async function pythonThatRuns(...args) {
  for (const python of ['python3', '/usr/bin/python3']) if ((await run(python, args)).code === 0) return python;
  return undefined;
}

/**
 * Installs what this machine lacks: by apt as root, or with sudo after asking on a terminal. Otherwise says what to install.
 *
 * @param {Need[]} needs
 * @param {Log} log
 * @throws {SetupError} with the exact command, where it may not or cannot install
 */
export async function ensureSystem(needs, log) {
  /** @type {Need[]} */
  const missing = [];
  for (const need of needs) if (!(await isThere(need))) missing.push(need);
  if (missing.length === 0) return;
  const words = missing.map((need) => PACKAGES[need].words).join(' and ');
  if (missing.includes('compiler') && process.env.CXX) {
    throw new SetupError(
      `$CXX is "${process.env.CXX}", which does not run; name a C++20 compiler or unset it to use g++`,
    );
  }
  if ((await run('apt-get', ['--version'])).code !== 0) {
    throw new SetupError(
      `${words} must be installed first, with this system's package manager (Fedora: dnf install gcc-c++ python3-pip; ` +
        'Arch: pacman -S gcc python-pip; openSUSE: zypper install gcc-c++ python3-pip)',
    );
  }
  const packages = missing.flatMap((need) => PACKAGES[need].apt);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  const mend = `apt-get update && apt-get ${install.join(' ')}`;
  const root = process.getuid?.() === 0;
  if (!root && !(await maySudo(packages))) {
    throw new SetupError(`${words} must be installed first:\n  sudo sh -c '${mend}'`);
  }
  await log.task(`Installing ${packages.join(', ')} with apt-get`, async () => {
    // A fresh machine's own update may hold the lock of dpkg for minutes: wait for it.
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
    // One unreachable source must not stop us: install tells whether the lists are enough.
    await run(program, [...args, 'update']);
    const { code, output } = await run(program, [...args, ...install]);
    if (code !== 0)
      throw new SetupError(`apt-get could not install ${packages.join(', ')}:\n${lastLines(output)}\nTry: ${mend}`);
  });
  for (const need of missing) {
    if (!(await isThere(need)))
      throw new SetupError(`${PACKAGES[need].words} is not on the PATH, though apt-get installed it`);
  }
}

/** @param {string[]} packages */
async function maySudo(packages) {
  if (!process.stdin.isTTY || !process.stderr.isTTY || (await run('sudo', ['--version'])).code !== 0) return false;
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(`rin needs ${packages.join(', ')}. Install with sudo apt-get? [Y/n] `);
  ask.close();
  if (!/^(y|yes|)$/i.test(answer.trim())) return false;
  // The password is asked for here, where nothing draws over the prompt.
  return (await run('sudo', ['--validate'], { show: true })).code === 0;
}

/** @param {string} output */
export const lastLines = (output) => output.trimEnd().split('\n').slice(-8).join('\n');
