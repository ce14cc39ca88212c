import { spawn } from 'node:child_process';
import { RinError } from '@rin/core';
import { systemCode } from '../disk/systemError.js';
import { missingFfmpeg } from './ffmpeg.js';

/** What needs ffmpeg, in its messages. */
export const mp4Purpose = 'an mp4 file';

/**
 * Runs ffmpeg, and gives it bytes on its standard input.
 * @param purpose what needs it, for the message: `an mp4 file`
 * @throws RinError if ffmpeg is not installed, or if it fails
 */
export async function feedFfmpeg(purpose: string, args: readonly string[], input: Uint8Array): Promise<void> {
  // A group of its own: a Ctrl-C in the terminal is for rin, which finishes what it writes.
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin.on('error', () => {}); // it ended before it read everything, and says why
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') throw missingFfmpeg(purpose);
    throw error;
  });
  if (code === 0) return;
  throw new RinError(`${purpose} was not made: ffmpeg says: ${said.trim().split('\n').at(-1) || `exit code ${code}`}`);
}

/** Checks before long work that ffmpeg is there. @throws RinError if it is not installed */
export async function needFfmpeg(purpose: string): Promise<void> {
  await feedFfmpeg(purpose, ['-version'], new Uint8Array());
}
