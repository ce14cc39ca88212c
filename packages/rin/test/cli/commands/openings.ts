import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded before the program (`node --import`): counts by path how often a file is looked at (stat) and opened, and writes that
 * to $OPENINGS at the end.
 */

const counts: Record<string, { stat: number; open: number }> = {};

function note(kind: 'stat' | 'open', path: unknown): void {
  if (typeof path !== 'string') return;
  counts[path] ??= { stat: 0, open: 0 };
  counts[path][kind]++;
}

/** Replaces functions of a module by ones that note their first argument. */
function watch(module: object, kind: 'stat' | 'open', names: readonly string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(module, name);
    if (typeof original !== 'function') throw new Error(`there is no ${name}`);
    Reflect.set(module, name, (...args: unknown[]) => {
      note(kind, args[0]);
      return Reflect.apply(original, module, args);
    });
  }
}

watch(fs, 'stat', ['statSync', 'lstatSync', 'stat', 'lstat']);
watch(fs.promises, 'stat', ['stat', 'lstat']);
watch(fs, 'open', ['openSync', 'open', 'readFileSync', 'readFile', 'createReadStream']);
watch(fs.promises, 'open', ['open', 'readFile']);
syncBuiltinESMExports();
process.on('exit', () => writeFileSync(process.env.OPENINGS ?? 'openings.json', JSON.stringify(counts)));
