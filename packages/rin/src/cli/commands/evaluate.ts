import { isTorchError } from '@rin/core';
import type { Ranks } from '../../training/ranks.js';
import { computeOptions, samplingOptions } from '../configuration/options.js';
import type { Command, Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { amongLaunched, isFirstRank, timeoutOption } from '../terminal/rank.js';
import { Screen } from '../terminal/screen.js';
import { evaluateRequest } from './evaluateFlags.js';
import { EvaluationWork, type Open } from './evaluationWork.js';
import { sampleCompute } from './sampleRequest.js';

export const command: Command = {
  name: 'evaluate',
  usage: '[MODEL|RUN|FOLDER …] [OPTIONS]',
  description:
    'Measures how near new samples are to the data: Fréchet and kernel distance, precision, recall, density, coverage.\n' +
    'It takes models, runs, or folders of pictures or clips; the default is the newest run with a model, or the demo model.\n' +
    'Every figure is printed with its protocol. Ctrl-C keeps what is finished; the same command goes on.',
  examples: [
    ['rin evaluate', '1,000 samples of the newest run, against its own data'],
    ['rin evaluate 3 --count 50000', '50,000 samples, as published figures have; it may be interrupted'],
    ['rin evaluate 3 --checkpoints all', 'a figure for each checkpoint, in one table'],
    ['rin evaluate roses --data my-pictures/rose', 'a folder of pictures against another one'],
    [
      'rin evaluate 3 --detector inception --detector-file inception-2015-12-05.pt',
      'FID and KID with the weights of the paper',
    ],
  ],
  operands: Number.POSITIVE_INFINITY,
  sections: [
    {
      title: 'Samples',
      options: [
        {
          flag: '--count',
          placeholder: 'N',
          description: 'samples to draw, with the seeds 0 to N − 1; of a folder, samples at even distances',
          notes: ['at least 2', 'default: 1000 pictures or 256 clips; all of a folder'],
        },
        { flag: '--seeds', placeholder: 'LIST', description: 'seeds to draw, such as 0-4999, instead of --count' },
        {
          flag: '--checkpoints',
          placeholder: 'LIST',
          description: 'checkpoints of the run, such as 27k,30k; "all" = each one',
          notes: ['default: its model, which has the weights of the newest'],
        },
        {
          flag: '--averages',
          placeholder: 'LIST',
          description: 'averages of the weights, by name; "weights" = the weights themselves',
          notes: ['default: average'],
        },
        {
          flag: '--size',
          placeholder: 'N',
          description: 'size of the samples of a folder: N, height,width or frames,height,width',
          notes: ['default: their own, if all have one size'],
        },
        {
          flag: '--resize',
          placeholder: 'WORD',
          description: 'how samples of a folder and their reference are scaled, as data.resize',
          notes: ['default: center-crop'],
        },
      ],
    },
    {
      title: 'Reference: what they are compared with',
      options: [
        {
          flag: '--data',
          placeholder: 'SOURCE',
          description: 'data, as in rin train',
          notes: ["default: the source in the model's configuration"],
        },
        {
          flag: '--part',
          placeholder: 'training|held-out|all',
          description: 'the part of the data of a run that held samples out',
          notes: ['default: training'],
        },
        {
          flag: '--reference',
          placeholder: 'FILE',
          description: 'statistics of another program instead of data: an .npz with mu and sigma, of the same detector',
        },
        {
          flag: '--reference-count',
          placeholder: 'N',
          description: 'most samples of the reference, at even distances',
          notes: ['at least 2', 'default: 50000 pictures or 2048 clips'],
        },
      ],
    },
    {
      title: 'Measuring',
      options: [
        {
          flag: '--metrics',
          placeholder: 'LIST',
          description: 'some of kernel, frechet, score, precision, recall, density, coverage',
          notes: ['default: all that detector and reference allow'],
        },
        {
          flag: '--detector',
          placeholder: 'NAME',
          description:
            'the network that sees: efficientnet-lite0 or inception for pictures, i3d-kinetics-400 or i3d for clips',
          notes: ['default: efficientnet-lite0, i3d-kinetics-400'],
        },
        {
          flag: '--detector-file',
          placeholder: 'FILE',
          description: 'its weights; inception and i3d need them, the others fetch theirs',
        },
        {
          flag: '--detector-size',
          placeholder: 'N',
          description: 'pixels to which efficientnet-lite0 scales the samples: 128 or 224',
          notes: ['default: 128'],
        },
      ],
    },
    {
      title: 'Output',
      options: [
        {
          flag: '--out',
          placeholder: 'FOLDER',
          description: 'folder of the figures (JSON lines) and of unfinished work',
          notes: ['default: the folder of the run, or beside the model or folder'],
        },
        { flag: '--again', description: 'measure anew, even if the same figures are there already' },
        { flag: '--json', description: 'print JSON' },
      ],
    },
    { title: "Sampling; defaults come from the model's configuration", options: samplingOptions() },
    {
      title: 'Computing',
      options: [
        {
          flag: '--batch',
          placeholder: 'N',
          description: 'samples drawn and measured together; finished batches are kept',
          notes: ['at least 1', 'default: 64 pictures or 16 clips'],
        },
        ...computeOptions(),
        timeoutOption,
      ],
    },
  ],
  run: (given) => evaluateCommand(given),
};

/** Runs the command. @param open opens the detector; default: `openDetector` */
export const evaluateCommand = (given: Given, open?: Open): Promise<number> =>
  amongLaunched(given, (ranks) => evaluateWith(ranks, given, open));

async function evaluateWith(ranks: Ranks, given: Given, open?: Open): Promise<number> {
  const screen = new Screen({ silent: !isFirstRank() });
  using interruption = new Interruption(() =>
    screen.say('stopping after this step; press Ctrl-C again to stop at once'),
  );
  const request = evaluateRequest(given);
  const { device, threads } = sampleCompute(given);
  const { chooseCompute, useThreads } = await import('../../training/resources/compute.js');
  useThreads(threads);
  const work = new EvaluationWork(
    given,
    open ?? (await import('../../metrics/detectors/openDetector.js')).openDetector,
    request,
    screen,
    interruption.signal,
    chooseCompute({ device, precision: 'float32' }, ranks.localRank).device,
    ranks,
  );
  try {
    const operands = given.operands.length > 0 ? given.operands : [undefined];
    for (const operand of operands) await work.evaluate(operand);
    work.conclude();
  } catch (error) {
    const { aborted, reason } = interruption.signal;
    // The others may have been stopped first.
    if (error !== reason && !(aborted && isTorchError(error))) throw error;
    await ranks.giveUp(reason);
    screen.say('stopped; finished batches are kept, and the same command goes on');
  } finally {
    screen.clear();
    work.close();
  }
  return interruption.exitCode;
}
