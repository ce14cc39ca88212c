let together = 0;
let alone = 0;
let isSomeAlone = false;
const sleepers: (() => void)[] = [];

/**
 * Runs work of libvips that may fail. libvips has one error text for the whole process, so failures at the same time
 * can swap their reasons. Failed work therefore runs again alone, and the error of this second try counts. Work that
 * lacked memory or time next to other work also gets a second chance.
 * @param attempt    does the work; `isAlone` is true at the second try
 * @param isHopeless whether an error has another cause, so that a second try is useless
 * @throws the error of the second try, or an error that `isHopeless` accepts
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
    alone++; // from now on, new work waits
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

/**
 * Waits until the number of attempts changes. Callers check their condition in a loop, because another may come first.
 */
const change = (): Promise<void> => new Promise((resolve) => sleepers.push(resolve));

function wake(): void {
  for (const resolve of sleepers.splice(0)) resolve();
}
