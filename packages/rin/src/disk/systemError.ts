import { RinError } from '@rin/core';
import { systemCode, systemReason as whyNot } from '@rin/torch/files';

export { systemCode, whyNot };

/** The message of an error in one line. `JSON.parse` quotes its input with line ends. */
export const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');

/** A file or a folder could not be written. The message is `cannot write PATH: REASON`. */
export class WriteError extends RinError {
  /** @param reason such as "the disk is full" */
  constructor(
    path: string,
    readonly reason: string,
  ) {
    super(`cannot write ${path}: ${reason}`);
  }
}

/** A folder could not be moved into place because something else has its name. */
export class Taken extends WriteError {
  constructor(path: string) {
    super(path, 'something else has this name now; choose another name, or remove what has it');
  }
}

/** Whether a rename failed because something else has the name. */
export const isTaken = (error: unknown): boolean =>
  error instanceof Taken || ['ENOTEMPTY', 'EEXIST'].includes(String(systemCode(error)));

/** The disk failed while a file was read, so nothing is known of its contents. */
export class DiskFailure extends RinError {}

/** Turns an error of the system at reading into a `RinError` with a clear message. Other errors pass through. */
export function unreadable(error: unknown, path: string): unknown {
  const code = systemCode(error);
  const reason = code === 'ENOENT' ? 'it is gone' : whyNot(error);
  const sentence = `cannot read ${path}: ${reason}`;
  if (code === 'EIO') return new DiskFailure(sentence);
  return reason ? new RinError(sentence) : error;
}
