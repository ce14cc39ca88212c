import { systemCode, whyNot } from '../../disk/systemError.js';

/** Errors that the file itself causes: it is missing, unreadable, or not a file. */
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

/** Messages of decoders that got no memory. libheif uses them also for a picture above its own limit. */
const noMemory =
  /out of memory|insufficient memory|cannot allocate memory|memory allocation error|bad_alloc|array buffer allocation failed/i;
const ownLimit = /security limit/i;

/**
 * Distinguishes a failure of the machine, which may be temporary, from an unreadable picture.
 * @param error error of reading or decoding a picture
 * @returns why the machine failed, in words; undefined if the picture is to blame
 */
export function machineFailure(error: unknown): string | undefined {
  const reason = ofTheFile.has(systemCode(error)) ? undefined : whyNot(error);
  if (reason !== undefined || !(error instanceof Error)) return reason;
  if (/^timeout:/.test(error.message)) return 'it took over a minute';
  return noMemory.test(error.message) && !ownLimit.test(error.message) ? 'out of memory' : undefined;
}
