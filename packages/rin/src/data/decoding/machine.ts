import { systemCode, whyNot } from '../../disk/systemError.js';

/** Errors of the system that say what a file is: it is gone, nobody may read it, or it is no file. */
const ofTheFile = new Set<unknown>([
  'ENOENT',
  'EACCES',
  'EPERM',
  'EISDIR',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'ENODEV',
]);

/** Words of decoders that found no memory. libheif says so too of a picture that is over its own limit. */
const noMemory =
  /out of memory|insufficient memory|cannot allocate memory|memory allocation error|bad_alloc|array buffer allocation failed/i;
const ownLimit = /security limit/i;

/**
 * Tells a failure of the machine, which may not happen again, from a picture that cannot be read.
 * @param error what reading or decoding a picture threw
 * @returns why the machine failed, in words; undefined if the picture is to blame
 */
export function machineFailure(error: unknown): string | undefined {
  const reason = ofTheFile.has(systemCode(error)) ? undefined : whyNot(error);
  if (reason !== undefined || !(error instanceof Error)) return reason;
  if (/^timeout:/.test(error.message)) return 'it took over a minute';
  return noMemory.test(error.message) && !ownLimit.test(error.message) ? 'out of memory' : undefined;
}
