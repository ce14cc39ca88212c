// @ts-check

/** An error that stops a set-up. Its message says how to fix it, and is printed without a stack trace. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/**
 * Does a set-up, and prints on stderr the error that stopped it.
 *
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} false if it failed
 */
export async function tellWhatStops(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof SetupError) console.error(`\n${error.message}`);
    // An error of the system, such as a full disk: Node's message names the reason and the path.
    else if (error instanceof Error && 'code' in error) console.error(`\nSet-up stopped: ${error.message}`);
    else throw error;
    return false;
  }
}
