import { printable } from '@rin/core';
import type { Command } from '../terminal/command.js';
import { examine } from './examine.js';

const marks = { good: '✔', note: '!', bad: '✖' } as const;

export const command: Command = {
  name: 'doctor',
  usage: '[OPTIONS]',
  description:
    'Shows what rin found on this machine, and how to mend what is missing. Exit code 1 where rin cannot work.',
  examples: [['rin doctor', 'everything that was looked at, a line each']],
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
