import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from '../terminal/command.js';

export const command: Command = {
  name: 'setup',
  usage: '[OPTIONS]',
  description:
    'Prepares rin on this machine. It finds libtorch or installs it into your cache, and builds the native addon.\n' +
    'It installs a C++ compiler and pip by apt if they are missing, as root or after asking.',
  examples: [['npx rin setup', 'in a project that has rin installed; takes under a second if nothing is missing']],
  operands: 0,
  sections: [],
  closing: 'Run it again after `npm ci`, which deletes the addon with node_modules.',
  run() {
    const program = fileURLToPath(import.meta.resolve('@rin/torch/setup'));
    const child = spawn(process.execPath, [program], { stdio: 'inherit' });
    return new Promise((resolve, reject) => {
      child.on('error', reject).on('exit', (code) => resolve(code ?? 1));
    });
  },
};
