import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from '../terminal/command.js';

export const command: Command = {
  name: 'setup',
  usage: '[OPTIONS]',
  description:
    'Makes rin ready on this machine, once after it was installed: finds libtorch, or installs it into a cache of this user,\n' +
    'and builds the native addon. A C++ compiler and pip are installed by apt where they are missing, as root or after asking.',
  examples: [['npx rin setup', 'in a project that has rin installed; with nothing to do it takes under a second']],
  operands: 0,
  sections: [],
  closing: 'After `npm ci`, which deletes the addon with node_modules, it is to be run again.',
  run() {
    const program = fileURLToPath(import.meta.resolve('@rin/torch/setup'));
    const child = spawn(process.execPath, [program], { stdio: 'inherit' });
    return new Promise((resolve, reject) => {
      child.on('error', reject).on('exit', (code) => resolve(code ?? 1));
    });
  },
};
