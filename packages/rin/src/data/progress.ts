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

/** Counts pictures and tells of it ten times a second; true where it is time to let other things happen. */
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
