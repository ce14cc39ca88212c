/** Progress of the preparation of data. */
export interface DataProgress {
  /**
   * `searching` = looks at the files of a folder, `reading` = reads the pictures to find their cache,
   * `decoding` = turns them into samples
   */
  readonly stage: 'searching' | 'reading' | 'decoding';
  /** what is counted; `recordings` are videos, animations and folders of frames */
  readonly what: 'pictures' | 'recordings' | 'sounds';
  readonly done: number;
  readonly total: number;
  /** how many could not be read so far */
  readonly skipped: number;
}

/** Progress and end of long work on data. */
export interface DataOptions {
  /** called ten times a second */
  onProgress?: (progress: DataProgress) => void;
  /** when it is aborted, the work ends with its reason */
  signal?: AbortSignal;
}

/**
 * Counts pictures or recordings, and calls `onProgress` ten times a second.
 * @param total how many there are
 * @returns a function to call for each of them, with the number of unreadable pictures so far. It returns true if the
 *     caller should let other work run. It throws the reason of `signal` if that is aborted
 */
export function stepper(
  stage: DataProgress['stage'],
  total: number,
  { onProgress, signal }: DataOptions,
  what: DataProgress['what'] = 'pictures',
) {
  let done = 0;
  let told = Number.NEGATIVE_INFINITY;
  return (skipped: number): boolean => {
    done++;
    signal?.throwIfAborted();
    const now = performance.now();
    if (now - told < 100 && done < total) return false;
    told = now;
    onProgress?.({ stage, what, done, total, skipped });
    return true;
  };
}
