import { accessSync, constants, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { RinError, UsageError } from '@rin/core';
import type { Config } from '../../config/config.js';
import { makeFolder } from '../../disk/makeFolder.js';
import { WriteError } from '../../disk/systemError.js';
import { change, removeAbandoned } from '../../disk/wholeFiles.js';
import type { Format, MediumFormats } from '../../media/formats.js';
import { checkFrameRate, fewestFrameRate, mostFrameRate, mostFrameRateOfGif, playRate } from '../../media/frameRate.js';
import type { Given } from '../terminal/command.js';

/** With `--out` alone, a grid is written for up to this many pictures. */
export const mostInGrid = 1024;

/** The same for clips, whose grid has all their frames. */
export const mostClipsInGrid = 128;

/** Most clips in the animation of their denoising. It shows a strip of frames for each. */
export const mostStrips = 16;

/** Where and how `rin sample` writes its samples. */
export interface Outputs {
  /** folder of single files */
  readonly folder?: string;
  /** of the single files */
  readonly format: Format;
  readonly grid?: string;
  readonly animation?: string;
  /** the samples, each beside the most similar training sample */
  readonly nearest?: string;
  /** frames per second of clips, samples per second of sounds */
  readonly frameRate: number;
}

/**
 * The requested outputs, or `samples.png` if there are none; clips are `samples.webp`. It creates their folders, so that an
 * output that cannot be written fails before the drawing starts.
 * @param samples number of samples
 * @throws RinError if an output cannot be written
 */
export async function readOutputs(
  given: Given,
  config: Config,
  formats: MediumFormats,
  samples: number,
): Promise<Outputs> {
  const [folder, gridFile, animation, nearest] = ['--out', '--grid', '--animate', '--nearest'].map((flag) =>
    given.text(flag),
  );
  const { noun, isMoving, isWide } = formats;
  checkFiles({ '--grid': gridFile, '--animate': animation, '--nearest': nearest }, formats);
  const most = isMoving ? mostClipsInGrid : mostInGrid;
  if (nearest !== undefined && samples > most)
    throw new UsageError(`--nearest with ${samples} ${noun}s: expected at most ${most}; draw fewer --seeds`);
  if (animation !== undefined && isWide && samples > mostStrips)
    throw new UsageError(`--animate with ${samples} ${noun}s: expected at most ${mostStrips}; draw fewer --seeds`);
  if (nearest === undefined && given.has('--data'))
    throw new UsageError('--data names the training data for --nearest; add --nearest nearest.png');
  const nothing = [folder, gridFile, animation, nearest].every((each) => each === undefined);
  const format = formatGiven(given, formats, folder !== undefined || nothing);
  // Beside the folder, so that the folder has samples only and can be evaluated.
  const beside =
    folder !== undefined && samples <= most
      ? join(folder, '..', `${basename(resolve(folder))}-grid.${format}`)
      : undefined;
  const outputs: Outputs = {
    ...{ folder, format, animation, nearest },
    grid: gridFile ?? (nothing ? `samples.${format}` : beside),
    frameRate: frameRateGiven(given, config, formats),
  };
  const files = [outputs.grid, animation, nearest].filter((file) => file !== undefined);
  await checkFormats([...files, `.${format}`], outputs.frameRate);
  const single = new RegExp(`^\\d+\\.(${formats.single.join('|')})$`);
  if (folder !== undefined) await makeReady(folder, (name) => single.test(name));
  for (const file of files) await makeFileReady(file);
  return outputs;
}

/** How people write the names of the formats. */
const written: Readonly<Record<Format, string>> = { png: 'PNG', webp: 'WebP', gif: 'GIF', mp4: 'mp4', wav: 'WAV' };

/** @throws UsageError if a file has another ending than those that its flag can write */
function checkFiles(files: Readonly<Record<string, string | undefined>>, { sheet }: MediumFormats): void {
  for (const [flag, file] of Object.entries(files)) {
    const [known, example] = flag === '--animate' ? [['webp'] as const, 'denoising'] : [sheet, flag.slice(2)];
    if (file === undefined || formatOf(file, known) !== undefined) continue;
    const names = known.map((format) => written[format]);
    const either = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
    throw new UsageError(`${flag} ${file}: expected the name of a ${either} file, such as ${example}.${known[0]}`);
  }
}

/** The format that the ending of a file says, among some; undefined if it is none of them. */
export const formatOf = <T extends Format>(file: string, known: readonly T[]): T | undefined =>
  known.find((format) => file.toLowerCase().endsWith(`.${format}`));

/** `--format`, or the usual format. @param isUsed whether rin names a file that has it */
function formatGiven(given: Given, { noun, single }: MediumFormats, isUsed: boolean): Format {
  const text = given.text('--format');
  if (text === undefined) return single[0];
  const format = single.find((each) => each === text.toLowerCase());
  if (format === undefined)
    throw new UsageError(`--format ${text}: the files of ${noun}s can only be ${single.join(', ')}`);
  if (!isUsed) throw new UsageError(`--format ${text} is for the files in --out; name a folder: --out samples`);
  return format;
}

/** `--frame-rate`, or that of the model's data, or the usual one. @throws RinError if samples have none */
function frameRateGiven(given: Given, config: Config, { noun, isMoving }: MediumFormats): number {
  const text = given.text('--frame-rate');
  if (text === undefined) return playRate(config);
  if (!isMoving) throw new RinError(`--frame-rate ${text}: this model makes ${noun}s, which have no frame rate`);
  const rate = Number(text);
  if (rate >= fewestFrameRate && rate <= mostFrameRate) return rate;
  throw new UsageError(
    `--frame-rate ${text}: expected ${fewestFrameRate} to ${mostFrameRate} frames per second, such as 12.5`,
  );
}

/** Checks that files of these formats can be made. @throws RinError if ffmpeg is missing, or the frame rate too high */
async function checkFormats(files: readonly string[], frameRate: number): Promise<void> {
  if (files.some((file) => formatOf(file, ['gif']))) checkFrameRate(frameRate, mostFrameRateOfGif, 'a GIF');
  if (!files.some((file) => formatOf(file, ['mp4']))) return;
  const { mp4Purpose, needFfmpeg } = await import('../../media/feedFfmpeg.js');
  await needFfmpeg(mp4Purpose);
}

/**
 * Checks before long work that a file can be written. It creates the folder, and removes partial files that killed processes
 * left.
 * @throws RinError if the file cannot be written
 */
export async function makeFileReady(file: string): Promise<void> {
  await makeReady(dirname(file), (name) => name === basename(file));
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new WriteError(file, 'it is a folder');
}

async function makeReady(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  await change('make', folder, async () => {
    await makeFolder(folder);
    accessSync(folder, constants.W_OK);
  });
  await removeAbandoned(folder, isOurs);
}
