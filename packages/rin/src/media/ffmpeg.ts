import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { RinError } from '@rin/core';
import { systemCode } from '../disk/systemError.js';

/** The command that installs ffmpeg on this system. */
export const installFfmpeg = (): string =>
  ({ darwin: 'brew install ffmpeg', win32: 'winget install ffmpeg' })[String(process.platform)] ??
  'sudo apt-get install ffmpeg';

/** ffmpeg is missing. @param purpose what needs it, such as `an mp4 file` */
export const missingFfmpeg = (purpose: string): RinError =>
  new RinError(`${purpose} needs ffmpeg, which is not installed; install it: ${installFfmpeg()}`);

/** Programs of the package ffmpeg. */
type Program = 'ffmpeg' | 'ffprobe';

/** A video could not be read; the message says why in one line. */
export class VideoError extends Error {}

/** Longest text of errors that is kept, in characters. */
const longestErrors = 4096;

/**
 * Runs a program, and gives its output piece by piece. If the caller stops, the program ends.
 * @param patience seconds without output after which the program is stopped
 * @throws RinError if it is not installed
 * @throws VideoError if it fails, or takes too long
 */
export async function* output(program: Program, args: readonly string[], patience: number): AsyncGenerator<Buffer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(0, longestErrors);
  });
  const ended = ending(child);
  ended.catch(() => {}); // is thrown below
  const pieces = child.stdout.iterator();
  try {
    for (;;) {
      const piece = await within(patience, pieces.next(), program);
      if (piece.done) break;
      yield piece.value;
    }
    const code = await within(patience, ended, program);
    if (code !== 0 || errors.trim() !== '') throw new VideoError(firstLine(errors) || `${program} ended with ${code}`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw missingFfmpeg('reading a video');
  } finally {
    child.kill('SIGKILL');
    child.stdout.destroy();
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const ending = (child: Child): Promise<number | string | null> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });

async function within<T>(seconds: number, work: Promise<T>, program: Program): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new VideoError(`${program} did nothing for ${seconds} s`)), 1000 * seconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The first line of errors, without the address of a part of ffmpeg and without the name of the file. */
function firstLine(errors: string): string {
  const lines = errors.split('\n').map((line) => line.replace(/^\[[^\]]*@ 0x[0-9a-f]+\] */, '').trim());
  return (lines.find((line) => line !== '') ?? '').replace(/^(subfile|file|,).*: /, '');
}

/** All output of a program as text. @throws as `output` */
export async function outputText(program: Program, args: readonly string[], patience: number): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of output(program, args, patience)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** The version of ffmpeg, such as `5.1.9`; undefined if it is not installed. */
export async function ffmpegVersion(): Promise<string | undefined> {
  try {
    return /version (\S+)/.exec(await outputText('ffmpeg', ['-version'], 10))?.[1];
  } catch {
    return undefined;
  }
}
