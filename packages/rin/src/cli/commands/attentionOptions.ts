import { UsageError } from '@rin/core';
import { batchOption, classesOption, computeOptions, samplingOptions } from '../configuration/options.js';
import { type Command, common, type Given } from '../terminal/command.js';

/** The flags of `rin inspect MODEL --attention`. */
export const attentionSections: Command['sections'] = [
  {
    title: 'Attention: where a trained model looks',
    options: [
      {
        flag: '--attention',
        description: 'show which parts of a sample the latents of a model read, at some steps and in all blocks',
      },
      {
        flag: '--seeds',
        placeholder: 'LIST',
        description: 'one sample for each seed, such as 0-3; with --data, the numbers of the samples',
        notes: ['default: one of each of up to 8 classes, else 0-3; with --data, 8 spread evenly'],
      },
      classesOption,
      {
        flag: '--given',
        placeholder: 'PATH',
        description: 'the clips that a model with given frames continues, as in rin sample',
      },
      {
        flag: '--data',
        placeholder: 'SOURCE',
        description:
          'look at samples of this source with noise, instead of drawn ones; where they have transparent parts, print the share of attention on the object',
      },
      {
        flag: '--at',
        placeholder: 'LIST',
        description: 'steps that are shown, such as 1,10-12; with --data, their signal levels',
        notes: ['default: 6, spread evenly'],
      },
      {
        flag: '--block',
        placeholder: 'N|all',
        description: 'one block, from 0',
        notes: ['default: all'],
      },
      {
        flag: '--latent',
        placeholder: 'N',
        description: 'one latent, from 0: learned ones, then time and condition tokens',
        notes: ['default: all'],
      },
      { flag: '--head', placeholder: 'N', description: 'one head, from 0', notes: ['default: the mean of all'] },
      { flag: '--write', description: 'the attention of the write instead: from which latents a patch takes' },
      { flag: '--unlabelled', description: 'the unlabelled pass of guidance instead of the labelled one' },
      {
        flag: '--out',
        placeholder: 'FOLDER',
        description:
          'a sheet for each sample, such as 000012.png, and of drawn samples attention.webp, the denoising of up to 8 of them',
        notes: ['default: attention'],
      },
    ],
  },
  { title: 'Sampling with --attention; defaults come from the model', options: samplingOptions() },
  {
    title: 'Computing with --attention',
    options: [batchOption, ...computeOptions()],
  },
];

const attentionFlags = attentionSections.flatMap(({ options }) => options.map(({ flag }) => flag));

/** Checks that flags of costs and of attention are not mixed. @throws UsageError if they are */
export function checkMixed(given: Given): void {
  const allowed = new Set([...attentionFlags, ...common.map(({ flag }) => flag), '--json']);
  for (const flag of given.flags.keys()) {
    if (given.has('--attention') && !allowed.has(flag))
      throw new UsageError(`${flag} changes or names a network, but --attention shows a trained model; leave it out`);
    if (!given.has('--attention') && attentionFlags.includes(flag))
      throw new UsageError(`${flag} belongs to --attention; add it, or leave ${flag} out`);
  }
}
