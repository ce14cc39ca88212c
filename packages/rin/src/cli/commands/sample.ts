import { count, countOf, isTorchError } from '@rin/core';
import type { Ranks } from '../../training/ranks.js';
import { batchOption, classesOption, computeOptions, samplingOptions } from '../configuration/options.js';
import type { Command, Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { amongLaunched, isFirstRank, timeoutOption } from '../terminal/rank.js';
import { Screen } from '../terminal/screen.js';
import { continuedClips, continuedLine } from './continued.js';
import { trainingPictures, writeNearest } from './nearest.js';
import { mostClipsInGrid, mostInGrid, mostStrips, readOutputs } from './outputs.js';
import { flagFor, modelNamed } from './sampleHint.js';
import {
  checkKnown,
  guidanceWarning,
  latentsLine,
  latentsWarning,
  sampleCompute,
  sampleRequest,
  samplingLine,
} from './sampleRequest.js';

export const command: Command = {
  name: 'sample',
  usage: '[MODEL] [OPTIONS]',
  description:
    'Draws new pictures, clips or sounds from a model: a model.safetensors, or a run by folder, name or number. A file or folder that\n' +
    'exists comes before a run of this name or number. The default is the newest run with a model, or the demo model. The same seed\n' +
    'and class give the same sample.',
  examples: [
    ['rin sample', '8 pictures of each class, in samples.png'],
    ['rin sample 3', 'from the run 3, runs/00003-…'],
    ['rin sample runs/00003-flowers-64-rin --classes rose,2 --seeds 0-31 --out roses', 'single files'],
    ['rin sample 3 --nearest nearest.png', 'each picture beside the training picture that is most like it'],
    ['rin sample --known photo.png --mask mask.png', 'the white pixels of the mask, anew for each seed'],
    ['rin sample 3 --given clip.gif --frames 64 --seeds 0-3', 'a clip goes on in four ways, for 64 frames in all'],
    ['rin sample 3 --latents 12,24', 'fewer latents compute in the first half of the steps: less work'],
    ['rin sample --steps 250 --sampler ddim --guidance 2 --animate denoising.webp', 'the denoising as an animation'],
  ],
  operands: 1,
  meant: flagFor,
  sections: [
    {
      title: 'Samples: pictures, clips or sounds',
      options: [
        {
          flag: '--seeds',
          placeholder: 'LIST',
          description: 'one sample for each seed, such as 0-63 or 3,8,100-107',
          notes: ['default: 8 for each of up to 16 classes, else 0-63'],
        },
        classesOption,
        {
          flag: '--given',
          placeholder: 'PATH',
          description:
            'the clip that a model with given frames continues, by its last frames: a video, an animated GIF, WebP or PNG, a folder of frames, or a folder of these',
          notes: ['default of --seeds: one for each clip'],
        },
        {
          flag: '--frames',
          placeholder: 'N',
          description: 'frames of each clip, given ones included; longer clips go on from their last frames',
          notes: ['default: as in training'],
        },
      ],
    },
    {
      title: 'Known pixels (in-painting)',
      options: [
        {
          flag: '--known',
          placeholder: 'FILE',
          description: 'a picture of any size, scaled like the training pictures; its known pixels stay as they are',
        },
        {
          flag: '--mask',
          placeholder: 'FILE',
          description: 'a picture of the same size as --known: white = to draw, black = known',
          notes: ['grey counts as the nearer of both'],
        },
        {
          flag: '--resample',
          placeholder: 'N',
          description: 'denoise each stretch of steps N times, so that drawn pixels fit known ones; 1 = once',
          notes: ['1 to 1000', 'default: 5'],
        },
        {
          flag: '--jump',
          placeholder: 'N',
          description: 'steps of such a stretch',
          notes: ['at least 1', 'default: 5'],
        },
      ],
    },
    {
      title: 'Output',
      options: [
        {
          flag: '--grid',
          placeholder: 'FILE',
          description:
            'pictures in one PNG; clips in one WebP, GIF or mp4, or as strips in a PNG; sounds in one WAV, or as waveforms in a PNG',
          notes: ['default: samples.png, samples.webp or samples.wav, if no other output is named'],
        },
        {
          flag: '--out',
          placeholder: 'FOLDER',
          description: `one file for each seed, such as 000012.png, and beside the folder a grid of up to ${mostInGrid} pictures or sounds, or ${mostClipsInGrid} clips`,
        },
        {
          flag: '--format',
          placeholder: 'webp|gif|mp4|png|wav',
          description:
            'format of clips and sounds in --out; png = a strip or a waveform; mp4 = H.264 by ffmpeg, each pixel as 2×2 up to 512 pixels; wav for sounds',
          notes: ['default: webp, lossless; sounds wav; pictures are png'],
        },
        {
          flag: '--frame-rate',
          placeholder: 'X',
          description: 'frames per second of clips',
          notes: ['0.1 to 60, in a GIF up to 50', 'default: that of the data, else 10'],
        },
        {
          flag: '--animate',
          placeholder: 'FILE',
          description: `the denoising as an animated WebP; a strip for each of up to ${mostStrips} clips; the waveforms of sounds`,
        },
        {
          flag: '--nearest',
          placeholder: 'FILE',
          description:
            'each sample with the most similar training sample on its right, or after it in a WAV, in a file as for --grid; prints how similar they are',
        },
        {
          flag: '--data',
          placeholder: 'SOURCE',
          description: 'the training data for --nearest, as in rin train',
          notes: ["default: the source in the model's configuration"],
        },
        {
          flag: '--columns',
          placeholder: 'N',
          description: 'samples in a row of the grid',
          notes: ['at least 1', 'default: 8, or a square grid for more than 128 samples; 4 pairs for --nearest'],
        },
        {
          flag: '--no-show',
          description: 'do not draw the grid in the terminal; of clips, their first frames; of sounds, their waveforms',
        },
      ],
    },
    { title: "Sampling; defaults come from the model's configuration", options: samplingOptions() },
    {
      title: 'Computing',
      options: [batchOption, ...computeOptions(), timeoutOption],
    },
  ],
  run: (given) => amongLaunched(given, (ranks) => sampleAmong(ranks, given)),
};

async function sampleAmong(ranks: Ranks, given: Given): Promise<number> {
  const screen = new Screen({ silent: !isFirstRank() });
  using interruption = new Interruption(() => {});
  const [batch, columns] = [given.wholeNumber('--batch', 1) ?? 64, given.wholeNumber('--columns', 1)];
  const { device, threads } = sampleCompute(given);
  checkKnown(given);
  const path = await modelNamed(given.operands[0]);
  const [{ loadModel }, { chooseCompute, useThreads }, { draw, helpToDraw, presentationOfModel }, { knownPicture }] =
    await Promise.all([
      import('../../diffusion/modelFile.js'),
      import('../../training/resources/compute.js'),
      import('./draw.js'),
      import('./knownPicture.js'),
    ]);
  useThreads(threads);
  const model = await loadModel(path, {
    device: chooseCompute({ device, precision: 'float32' }, ranks.localRank).device,
  });
  const [known, clips] = [await knownPicture(model, given), await continuedClips(model, given)];
  const request = { ...sampleRequest(model, given, clips), ...(known && { known: known.options }) };
  const { signal } = interruption;
  const stopped = async (error: unknown, what = ''): Promise<void> => {
    // The others may have been stopped first.
    if (error !== signal.reason && !(signal.aborted && isTorchError(error))) throw error;
    await ranks.giveUp(signal.reason);
    screen.say(what);
  };
  if (ranks.rank > 0) {
    await helpToDraw(model, request, { batch, signal, ranks, animates: given.has('--animate') }).catch(stopped);
    return interruption.exitCode;
  }
  const warnings = [guidanceWarning(model, given), latentsWarning(model.config, request.sampling)];
  const shown = presentationOfModel(model);
  const outputs = await readOutputs(given, model.config, shown, request.seeds.length);
  const classes = model.config.model.classes > 0 ? `, classes ${model.classes.join(', ')}` : '';
  screen.say(`model: ${path}${classes}`);
  screen.say(samplingLine(request.sampling, model.config.model.classes > 0));
  const latents = latentsLine({ ...model.config, sampling: request.sampling }, shown.noun);
  if (latents !== undefined) screen.say(latents);
  if (known) screen.say(known.line);
  if (clips) screen.say(continuedLine(clips));
  for (const warning of warnings) if (warning !== undefined) screen.say(warning);
  const show = !given.has('--no-show');
  let written = 0;
  const onWritten = (done: number): void => {
    written = done;
  };
  const options = { shown, outputs, batch, columns, show, screen, signal, ranks, onWritten };
  try {
    using pictures = outputs.nearest === undefined ? undefined : await trainingPictures(path, model, given, options);
    const drawn = await draw(model, request, options);
    if (pictures) await writeNearest(drawn, pictures, options);
  } catch (error) {
    const some = `${count(written)} of ${countOf(request.seeds.length, shown.noun)}`;
    const kept = outputs.folder && written > 0 ? `${some} are in ${outputs.folder}` : 'nothing was written';
    await stopped(error, `stopped; ${kept}`);
  } finally {
    screen.clear();
  }
  return interruption.exitCode;
}
