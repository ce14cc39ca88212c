import { printable } from '@rin/core';
import type { Command } from '../terminal/command.js';
import { examine } from './examine.js';

const marks = { good: '✔', note: '!', bad: '✖' } as const;

export const command: Command = {
  name: 'doctor',
  usage: '[OPTIONS]',
  description: 'Checks this machine, and shows how to fix problems. The exit code is 1 if rin cannot work.',
  examples: [['rin doctor', 'one line for each check']],
  operands: 0,
  sections: [],
  async run() {
    const findings = await examine();
    for (const { state, text, mend } of findings) {
      console.log(`${marks[state]} ${printable(text)}`);
      if (mend !== undefined) console.log(`    ${printable(mend)}`);
    }
    return findings.some(({ state }) => state === 'bad') ? 1 : 0;
  },
};
