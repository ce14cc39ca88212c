import { lstatSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { RinError } from '@rin/core';
import type { RunEntry, RunList } from '@rin/web/studio';
import { isLocked } from '../disk/lock.js';
import { systemCode, unreadable } from '../disk/systemError.js';
import { allRuns, type RunSummary, summarise } from '../runs/summary.js';
import { planPreviews } from '../training/previewPlan.js';
import { Remaining } from '../training/remaining.js';
import { samplesInLoss } from '../training/validation.js';
import { Refused } from './gate.js';

/** Files and folders of a run that its summary and its page are made of. */
const known = [
  ...['config.yaml', 'data.json', 'log.txt', 'stats.jsonl', 'timing.jsonl', 'machine.jsonl', 'metrics.jsonl'],
  'attention',
];

/** A folder of runs. Nothing outside of it is read, links included. */
export class RunsFolder {
  readonly path: string;
  /** entries by name, with the state of the files that they were made from */
  readonly #entries = new Map<string, { readonly state: string; readonly entry: RunEntry }>();

  /** @param path an existing folder */
  constructor(path: string) {
    this.path = path;
  }

  /** The runs in the folder. @throws RinError if it cannot be read */
  async list(): Promise<RunList> {
    await readdir(this.path).catch((error: unknown) => {
      throw unreadable(error, this.path);
    });
    const names = (await allRuns(this.path)).map((path) => basename(path));
    const runs: RunEntry[] = [];
    for (const name of names) runs.push(...(await this.#entry(name)));
    for (const name of this.#entries.keys()) if (!names.includes(name)) this.#entries.delete(name);
    return { folder: this.path, runs };
  }

  /**
   * The folder of a run.
   * @throws Refused if there is none of this name, or it is a link out of the folder
   * @throws RinError if one of its files is such a link
   */
  async run(name: string): Promise<string> {
    const isThere = (await allRuns(this.path).catch(() => [])).some((each) => basename(each) === name);
    return this.#checked(name, isThere);
  }

  async #checked(name: string, isThere: boolean): Promise<string> {
    const path = join(this.path, name);
    if (!isThere || !(await this.inside(path))) throw new Refused(404, `${name}: there is no such run in ${this.path}`);
    for (const file of known)
      if ((await exists(join(path, file))) && !(await this.inside(join(path, file))))
        throw new RinError(`${name}: its ${file} is a link out of ${this.path}`);
    return path;
  }

  /** Whether a path is a file or folder in the folder, links followed. */
  async inside(path: string): Promise<boolean> {
    try {
      return (await realpath(path)).startsWith((await realpath(this.path)) + sep);
    } catch {
      return false;
    }
  }

  /** The entry of a run, read again if a file has changed; nothing for a link out of the folder. */
  async #entry(name: string): Promise<RunEntry[]> {
    try {
      const path = await this.#checked(name, true);
      const state = await stateOf(path);
      const old = this.#entries.get(name);
      if (old?.state === state) return [old.entry];
      const entry = entryOf(await summarise(path));
      this.#entries.set(name, { state, entry });
      return [entry];
    } catch (error) {
      if (!(error instanceof RinError) && systemCode(error) === undefined) throw error;
      const isGone = !(await this.inside(join(this.path, name)));
      if (isGone) return [];
      return [{ name, state: 'damaged', problem: error instanceof Error ? error.message : String(error) }];
    }
  }
}

/** Whether there is a name, a broken link included. */
const exists = async (path: string): Promise<boolean> => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** A text that changes with the files of a run, and with whether a process trains it. */
export async function stateOf(path: string): Promise<string> {
  const states = await Promise.all(
    ['.', ...known].map(async (name) => {
      const found = await stat(join(path, name)).catch(() => undefined);
      return found ? `${found.mtimeMs} ${found.size}` : '';
    }),
  );
  return [...states, await isLocked(path)].join();
}

/** The entry of a run in the list. */
export function entryOf(run: Awaited<ReturnType<typeof summarise>>): RunEntry {
  if (run.state === 'damaged') return { name: run.name, state: run.state, problem: run.problem };
  const { name, state, config, data, images, stats, imagesPerSecond, written } = run;
  const last = stats.at(-1);
  return {
    ...{ name, state, preset: config.name, data: data.name, images, total: config.training.images },
    ...(last && { loss: last.loss }),
    ...(last?.validationLoss !== undefined && { validationLoss: last.validationLoss }),
    ...(imagesPerSecond !== null && { imagesPerSecond }),
    ...(state === 'running' && secondsLeft(run)),
    written: written.toISOString(),
  };
}

/** The time that is left of a run, if its speed is known. */
function secondsLeft({ config, data, images, imagesPerSecond }: RunSummary): Pick<RunEntry, 'secondsLeft'> {
  if (imagesPerSecond === null || imagesPerSecond <= 0) return {};
  const previews = planPreviews(config);
  const extras = { ...(previews && { previews }), heldOut: samplesInLoss(config, data.length ?? 0) };
  return { secondsLeft: new Remaining(config, extras).seconds(images, imagesPerSecond) };
}
