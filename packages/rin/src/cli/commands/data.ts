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
    placeholder: 'N|H,W|F,H,W',
    description: 'size of the samples, N for squares; F,H,W for clips of F frames',
    notes: ['default: the size of the pictures, if all are equal'],
  },
  {
    flag: '--channels',
    placeholder: '1|3',
    description: 'grey or colour',
    notes: ['default: grey if all pictures are grey'],
  },
  ...resizeOptions(),
  {
    flag: '--frame-rate',
    placeholder: 'X',
    description: 'frames per second of clips',
    notes: ['default: as in each file'],
  },
  {
    flag: '--stride',
    placeholder: 'N',
    description: 'frames from the start of a clip to the next in a longer video',
    notes: ['default: the length of a clip'],
  },
];

export const command: Command = {
  name: 'data',
  usage: 'info SOURCE | convert SOURCE TARGET [OPTIONS]',
  description:
    'info shows the contents of a source: classes, sizes, unreadable files, cache. It proposes how to train on them.\n' +
    'convert decodes it into samples of one size. The target is a tar of PNG files (TARGET ends with .tar), or a folder that\n' +
    'needs no decoding. SOURCE and TARGET can both be the --data of rin train. Sounds cannot be converted.',
  examples: [
    ['rin data info flowers.tar --sheet flowers.png', 'its contents, and one picture with samples of each class'],
    ['rin data convert my-pictures my-pictures-64.tar --size 64', 'centre squares of 64×64'],
    ['rin data convert videos clips --size 16,32,32 --frame-rate 8', 'clips of 16 frames, two seconds long'],
    [
      'rin data convert imagenet imagenet-64 --size 64 --resize center-crop-dhariwal',
      'a folder to copy to other machines',
    ],
  ],
  operands: 3,
  sections: [
    {
      title: 'info',
      options: [
        {
          flag: '--sheet',
          placeholder: 'FILE',
          description: 'write a PNG with samples of each class and its name; of sounds, waveforms',
        },
        { flag: '--clips', description: 'read it as clips; needed only for folders of frames' },
        { flag: '--quick', description: 'do not measure the time of a training, which takes 3 s' },
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

/** The problem of a wrong call, or undefined. */
function misuse({ operands, flags }: Given): string | undefined {
  const [action, source, target] = operands;
  if (action === 'info' && source !== undefined && target === undefined) {
    const foreign = convertOptions.find(({ flag }) => flags.has(flag));
    return (
      foreign && `${foreign.flag} is an option of rin data convert; rin data info takes --sheet, --clips and --quick`
    );
  }
  if (action === 'convert' && target !== undefined) {
    const foreign = ['--sheet', '--clips', '--quick'].find((flag) => flags.has(flag));
    if (foreign !== undefined) return `${foreign} is an option of rin data info`;
    const packed = /\.(t?gz|zip)$/i.test(target);
    return packed
      ? `${target}: expected a name that ends with .tar, or the name of a folder; rin writes no compressed files`
      : undefined;
  }
  return 'expected rin data info SOURCE, or rin data convert SOURCE TARGET';
}
