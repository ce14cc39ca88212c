/** How far the preparation of the data has come. */
export interface DataProgress {
  /**
   * `searching` = the files of a folder are looked at, `reading` = what a source holds is compared with what was decoded
   * before, `decoding` = pictures become samples
   */
  readonly stage: 'searching' | 'reading' | 'decoding';
  /** pictures */
  readonly done: number;
  readonly total: number;
  /** pictures that could not be read so far */
  readonly skipped: number;
}

/** Who is told of a long piece of work on data, and what ends it. */
export interface DataOptions {
  onProgress?: (progress: DataProgress) => void;
  /** when aborted, the work ends with its reason */
  signal?: AbortSignal;
}

/**
 * Counts pictures and tells `onProgress` of it ten times a second.
 * @param total pictures
 * @returns is to be called for each picture, with the number of those that could not be read so far. It returns true if it
 *     is time to let other things happen, and throws the reason of `signal` if that is aborted
 */
export function stepper(stage: DataProgress['stage'], total: number, { onProgress, signal }: DataOptions) {
  let done = 0;
  let told = Number.NEGATIVE_INFINITY;
  return (skipped: number): boolean => {
    done++;
    signal?.throwIfAborted();
    const now = performance.now();
    if (now - told < 100 && done < total) return false;
    told = now;
    onProgress?.({ stage, done, total, skipped });
    return true;
  };
}
