/**
 * A problem that the user can fix. The message has one sentence for each problem: where it is, what was found, what was
 * expected, and how to fix it. Programs print it without a stack trace.
 */
export class RinError extends Error {
  override name = 'RinError';
}

/** A command has wrong arguments. The command-line program exits with code 2. */
export class UsageError extends RinError {
  override name = 'UsageError';
}

/** A configuration is invalid. The message names the key. */
export class ConfigError extends RinError {
  override name = 'ConfigError';
}

/** Whether an error comes from @rin/torch. Does not load that package, because loading fails before set-up. */
export const isTorchError = (error: unknown): error is Error & { name: 'TorchError' } =>
  error instanceof Error && error.name === 'TorchError';

/** Whether memory ran out: in libtorch, on a CUDA device or in the system, or in JavaScript for an array. */
export const isOutOfMemory = (error: unknown): boolean =>
  isTorchError(error)
    ? /out of memory|can't allocate memory|bad_alloc/i.test(error.message)
    : error instanceof RangeError && error.message.includes('allocation failed');
