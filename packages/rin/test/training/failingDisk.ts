import fs, { readlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Anything = (...args: unknown[]) => unknown;
type Functions = Record<string, Anything>;

/** What Node's functions do with a file, by the object that has them. `open` and `read` with callbacks are what streams call. */
const functions = {
  fs: ['appendFileSync', 'writeFileSync', 'open', 'read'],
  promises: ['open', 'rename', 'rm', 'mkdir', 'readdir', 'readFile'],
  handle: ['sync', 'read', 'stat'],
};

/**
 * Lets calls that touch files below a folder fail as a disk does, until the function that it returns is called.
 * @param fails is asked before every call, such as "rename …/model.safetensors", and may give the code of an error
 */
export async function failingDisk(folder: string, fails: (call: string) => string | undefined): Promise<() => void> {
  const probe = await fs.promises.open(folder, 'r');
  await probe.close();
  const owners: Functions[] = [fs, fs.promises, Object.getPrototypeOf(probe)] as unknown as Functions[];
  const undo: (() => void)[] = [];
  for (const [i, names] of Object.values(functions).entries()) {
    for (const name of names) {
      const original = owners[i][name];
      owners[i][name] = function (this: { fd?: number }, ...args: unknown[]) {
        const error = failure(name, pathOf(i === 2 ? this.fd : args[0]));
        const callback = args.at(-1);
        if (!error) return original.apply(this, args);
        if (typeof callback === 'function') return process.nextTick(callback as () => void, error);
        if (i === 0) throw error;
        return Promise.reject(error);
      };
      undo.push(() => {
        owners[i][name] = original;
      });
    }
  }
  syncBuiltinESMExports();
  return () => {
    for (const each of undo) each();
    syncBuiltinESMExports();
  };

  function failure(name: string, path: string): Error | undefined {
    if (!path.startsWith(folder)) return undefined;
    const code = fails(`${name} ${path.slice(folder.length + 1)}`);
    return code === undefined ? undefined : Object.assign(new Error(`${code}: injected, ${name}`), { code });
  }
}

/** The path that a function was given, or that belongs to a file descriptor. */
function pathOf(argument: unknown): string {
  if (typeof argument !== 'number') return String(argument);
  try {
    return readlinkSync(`/proc/self/fd/${argument}`);
  } catch {
    return '';
  }
}
