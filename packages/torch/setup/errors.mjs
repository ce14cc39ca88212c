// @ts-check

/** What stops a set-up: one sentence, and how to mend it. Shown without a stack trace. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/**
 * Does a set-up, and tells on stderr what stopped it.
 *
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} false if it could not be done
 */
export async function tellWhatStops(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof SetupError) console.error(`\n${error.message}`);
    // A full disk, a folder that may not be written: Node's own message says what and where.
    else if (error instanceof Error && 'code' in error) console.error(`\nSet-up stopped: ${error.message}`);
    else throw error;
    return false;
  }
}
