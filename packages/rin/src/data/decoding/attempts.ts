let together = 0;
let alone = 0;
let isSomeAlone = false;
const sleepers: (() => void)[] = [];

/**
 * Runs work of libvips that may fail. libvips has one text of errors for the whole process, so failures at the same time
 * swap their reasons. What fails is therefore tried again alone, and the error of that second try counts. What failed
 * for want of memory or time beside the others gets its second chance by the same way.
 * @param attempt    does the work; `isAlone` tells that it is the second try
 * @param isHopeless whether an error has another cause, so that no second try is made
 * @throws the error of the second try
 */
export async function attempted<T>(
  attempt: (isAlone: boolean) => Promise<T>,
  isHopeless: (error: unknown) => boolean = () => false,
): Promise<T> {
  while (alone > 0) await change();
  together++;
  try {
    return await attempt(false);
  } catch (error) {
    if (isHopeless(error)) throw error;
    alone++; // keeps new work out from now on
  } finally {
    together--;
    wake();
  }
  while (together > 0 || isSomeAlone) await change();
  isSomeAlone = true;
  try {
    return await attempt(true);
  } finally {
    isSomeAlone = false;
    alone--;
    wake();
  }
}

/** Until the numbers of attempts change; to be looked at in a loop, for others may be quicker. */
const change = (): Promise<void> => new Promise((resolve) => sleepers.push(resolve));

function wake(): void {
  for (const resolve of sleepers.splice(0)) resolve();
}
