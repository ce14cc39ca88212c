import { type FSWatcher, watch } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { RinError } from '@rin/core';
import type { StudioEvents } from '@rin/web/studio';
import { problemOf } from '../runs/runDirectory.js';
import { type ReadRun, readForPage } from './runDetails.js';
import { type RunsFolder, stateOf } from './runsFolder.js';

/** After a change in a folder, this time in ms passes before it is read, because more changes come with it. */
const pause = 150;
/** Time in ms after which all is looked at anyway: that a process ends changes no file, and some disks tell no changes. */
const interval = 2000;

/** What a page has been told of a run. */
interface Told {
  /** of the files that it was made from */
  state?: string;
  read?: ReadRun;
  problem?: string;
  watcher?: FSWatcher;
}

/** Tells a page about the list of runs and about some runs, at once and whenever something changes (server-sent events). */
export class EventStream {
  readonly #folder: RunsFolder;
  readonly #response: ServerResponse;
  readonly #runs: ReadonlyMap<string, Told>;
  readonly #watcher: FSWatcher | undefined;
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #list: unknown;
  #isLooking = false;
  /** whether something changed while it looked */
  #again = false;
  #isEnded = false;

  constructor(folder: RunsFolder, response: ServerResponse, runs: readonly string[]) {
    this.#folder = folder;
    this.#response = response;
    this.#runs = new Map(runs.map((name) => [name, {}]));
    this.#watcher = this.#watch(folder.path);
    this.#timer = setInterval(() => void this.#look(), interval);
    response.on('close', () => this.#end());
    void this.#look();
  }

  #end(): void {
    this.#isEnded = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#watcher?.close();
    for (const { watcher } of this.#runs.values()) watcher?.close();
  }

  /** Looks again soon after each change in a folder; undefined if the system offers no more watches. */
  #watch(path: string): FSWatcher | undefined {
    try {
      const watcher = watch(path, { persistent: false }, () => {
        if (this.#soon || this.#isEnded) return;
        this.#soon = setTimeout(() => {
          this.#soon = undefined;
          void this.#look();
        }, pause);
      });
      return watcher.on('error', () => watcher.close());
    } catch {
      return undefined; // the interval is enough
    }
  }

  #send<Name extends keyof StudioEvents>(name: Name, data: StudioEvents[Name]): void {
    if (!this.#isEnded) this.#response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async #look(): Promise<void> {
    this.#again = this.#isLooking;
    if (this.#isLooking || this.#isEnded) return;
    this.#isLooking = true;
    try {
      const list = await this.#folder.list();
      if (!isDeepStrictEqual(list, this.#list)) this.#send('list', list);
      this.#list = list;
      for (const [name, told] of this.#runs) await this.#lookAt(name, told);
    } catch (error) {
      const problem = messageOf(error);
      if (!isDeepStrictEqual(problem, this.#list)) this.#send('problem', problem);
      this.#list = problem;
    } finally {
      this.#isLooking = false;
    }
    if (this.#again) await this.#look();
  }

  async #lookAt(name: string, told: Told): Promise<void> {
    try {
      const path = await this.#folder.run(name);
      if (!told.watcher && !this.#isEnded) told.watcher = this.#watch(path);
      const state = await stateOf(path);
      if (state === told.state) return;
      const read = await readForPage(this.#folder, path);
      this.#tell(name, read, told.read);
      Object.assign(told, { state, read, problem: undefined });
    } catch (error) {
      told.watcher?.close();
      const problem = messageOf(error);
      if (problem !== told.problem) this.#send('lost', { run: name, problem });
      Object.assign(told, { state: undefined, read: undefined, watcher: undefined, problem });
    }
  }

  #tell(run: string, read: ReadRun, before: ReadRun | undefined): void {
    if (!isDeepStrictEqual(read.details, before?.details)) this.#send('details', read.details);
    const stats = newIn(read.stats, before?.stats);
    const timing = newIn(read.timing, before?.timing);
    if (!before || stats.lines.length + timing.lines.length > 0 || stats.isCut || timing.isCut)
      this.#send('lines', {
        run,
        stats: { from: stats.from, lines: stats.lines },
        timing: { from: timing.from, lines: timing.lines },
      });
  }
}

/** Lines from the first one that is new. A resumed run takes lines back, and writes others. */
function newIn<Line>(lines: readonly Line[], before: readonly Line[] = []) {
  const isSame = (i: number): boolean => isDeepStrictEqual(lines[i], before[i]);
  const isLonger = before.length > 0 && lines.length >= before.length && isSame(0) && isSame(before.length - 1);
  const from = isLonger ? before.length : 0;
  return { from, lines: lines.slice(from), isCut: !isLonger && before.length > 0 };
}

/** What an error is to the page. One that nobody foresaw is told too: it must not end the server. */
export function messageOf(error: unknown): string {
  if (error instanceof RinError) return error.message;
  return problemOf(error) ?? (error instanceof Error ? error.message : String(error));
}
