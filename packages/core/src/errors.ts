/**
 * A problem that the user can mend. The message is one clear sentence for each thing that is wrong: where, what was
 * found, what was expected and how to mend it. Programs show it without a stack trace.
 */
export class RinError extends Error {
  override name = 'RinError';
}

/** A command was called in a way that it does not know; a command line program ends with exit code 2. */
export class UsageError extends RinError {
  override name = 'UsageError';
}

/** A configuration does not hold together; the message names the key. */
export class ConfigError extends RinError {
  override name = 'ConfigError';
}

/** Whether an error is one of @rin/torch, told without loading it, which fails before set-up. */
export const isTorchError = (error: unknown): error is Error & { name: 'TorchError' } =>
  error instanceof Error && error.name === 'TorchError';

/** Whether libtorch could not get memory, from a CUDA device or from the system, or JavaScript none for an array. */
export const isOutOfMemory = (error: unknown): boolean =>
  isTorchError(error)
    ? /out of memory|can't allocate memory|bad_alloc/i.test(error.message)
    : error instanceof RangeError && error.message.includes('allocation failed');
