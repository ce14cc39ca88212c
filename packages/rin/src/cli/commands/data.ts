import { UsageError } from '@rin/core';
import { resizeOptions } from '../configuration/options.js';
import type { Command, Given, Option } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { Screen } from '../terminal/screen.js';
import { convert } from './dataConvert.js';
import { info } from './dataInfo.js';

const convertOptions: readonly Option[] = [
  {
    flag: '--size',
    placeholder: 'N|[H, W]',
    description: 'size of the samples, N for squares',
    notes: ['default: that of the pictures, where it is one'],
  },
  {
    flag: '--channels',
    placeholder: '1|3',
    description: 'grey or colour',
    notes: ['default: grey where all pictures are'],
  },
  ...resizeOptions(),
];

export const command: Command = {
  name: 'data',
  usage: 'info SOURCE | convert SOURCE TARGET [OPTIONS]',
  description:
    'info shows what a source of pictures holds: classes, sizes, what cannot be read, what is in the cache.\n' +
    'convert decodes it into samples of one size: into a tar of PNG files (TARGET ends with .tar), or into a folder that is\n' +
    'opened without decoding. SOURCE is what train takes as --data; so is TARGET.',
  examples: [
    ['rin data info flowers.tar --sheet flowers.png', 'what is in it, and some pictures of each class in one'],
    ['rin data convert my-pictures my-pictures-64.tar --size 64', 'centre squares of 64×64'],
    ['rin data convert imagenet imagenet-64 --size 64 --resize center-crop-dhariwal', 'a cache to take along'],
  ],
  operands: 3,
  sections: [
    {
      title: 'info',
      options: [
        { flag: '--sheet', placeholder: 'FILE', description: 'PNG with pictures of each class beside its name' },
      ],
    },
    { title: 'convert', options: convertOptions },
  ],
  run: dataCommand,
};

async function dataCommand(given: Given): Promise<number> {
  const [action, source, target] = given.operands;
  const problem = misuse(given);
  if (problem !== undefined) throw new UsageError(problem);
  const screen = new Screen();
  using interruption = new Interruption(() => {});
  try {
    if (action === 'info') await info(source, given, screen, interruption.signal);
    else await convert(source, target, given, screen, interruption.signal);
  } catch (error) {
    if (error !== interruption.signal.reason) throw error;
    screen.say('stopped; nothing was written');
  } finally {
    screen.clear();
  }
  return interruption.exitCode;
}

/** What is wrong with the call, if anything. */
function misuse({ operands, flags }: Given): string | undefined {
  const [action, source, target] = operands;
  if (action === 'info' && source !== undefined && target === undefined) {
    const foreign = convertOptions.find(({ flag }) => flags.has(flag));
    return foreign && `${foreign.flag} belongs to rin data convert; info takes --sheet`;
  }
  if (action === 'convert' && target !== undefined) {
    if (flags.has('--sheet')) return '--sheet belongs to rin data info';
    const packed = /\.(t?gz|zip)$/i.test(target);
    return packed
      ? `${target}: expected a name that ends with .tar, or the name of a folder; nothing is packed`
      : undefined;
  }
  return 'expected rin data info SOURCE, or rin data convert SOURCE TARGET';
}
