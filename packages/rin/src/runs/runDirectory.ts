import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { arePictures, RinError, sizeList } from '@rin/core';
import type { Config } from '../config/config.js';
import { flatten } from '../config/flatten.js';
import { parseConfig } from '../config/parse.js';
import { fromYaml, toYaml } from '../config/yaml.js';
import type { Dataset } from '../data/dataset.js';
import { DiskFailure, isTaken, systemCode, unreadable, whyNot } from '../disk/systemError.js';
import {
  appendLine,
  filterLines,
  flush,
  flushLines,
  readText,
  remove,
  removeAbandoned,
  writeFolder,
  writeWhole,
} from '../disk/wholeFiles.js';

/** What a run was started with. */
export interface Purpose {
  readonly config: Config;
  readonly data: Pick<Dataset, 'name' | 'fingerprint' | 'length' | 'classes' | 'skipped'>;
  /** SHA-256 of the model `training.init`; absent where there is none, or it is gone */
  readonly init?: string;
}

/** Puts into the folder of a new run what it begins with. */
export type Begin = (folder: string) => Promise<void>;

/**
 * The folder of a run:
 *   config.yaml    the resolved configuration           data.json      what it was trained on, and from which model
 *   log.txt        what was said                        reals.png      pictures of the data
 *   stats.jsonl    loss and learning rate: functions of configuration, data and seed alone
 *   timing.jsonl   speed, clock and memory              fakes-….png    samples of the average, always of the same seeds
 *   checkpoint-…/  all that is needed to go on          model.safetensors   the newest average of the weights
 */
export class RunDirectory {
  constructor(readonly path: string) {}

  file(name: string): string {
    return join(this.path, name);
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  log(text: string): void {
    for (const line of text.split('\n')) appendLine(this.file('log.txt'), `${new Date().toISOString()} ${line}`);
  }

  /** Adds a line to `stats.jsonl` or `timing.jsonl`. */
  record(name: 'stats' | 'timing', line: { readonly images: number }): void {
    appendLine(this.file(`${name}.jsonl`), JSON.stringify(line));
  }

  /** Brings every line of the log and the records to the disk. */
  async flush(): Promise<void> {
    for (const name of ['stats.jsonl', 'timing.jsonl', 'log.txt']) await flushLines(this.file(name));
    await flush(this.path);
  }

  /** Takes back what was recorded after `images` images, and removes what was half written. */
  async rewind(images: number): Promise<void> {
    const isBefore = (line: string) => {
      try {
        return (JSON.parse(line) as { images: number }).images <= images;
      } catch {
        return false; // cut short when the run was killed
      }
    };
    for (const name of ['stats', 'timing']) await filterLines(this.file(`${name}.jsonl`), isBefore);
    for (const name of await namesIn(this.path)) if (/\.part(ial)?$/.test(name)) await remove(this.file(name));
  }
}

/** Names of what is in a folder. @throws {RinError} if it cannot be read */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw unreadable(error, folder);
  }
}

/** Whether a run of this configuration has pictures: its samples can be shown, and are to be. */
export const hasPreviews = ({ model, training }: Config): boolean => arePictures(model) && training.sampleEvery > 0;

/** Names of numbered runs. */
const numbered = /^(\d{5,})-/;

/** Runs in a folder, the highest number first. */
export async function listRuns(runsFolder: string): Promise<{ number: number; path: string }[]> {
  const names = await readdir(runsFolder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw unreadable(error, runsFolder);
  });
  const runs = names.flatMap((name) => {
    const match = numbered.exec(name);
    return match && !name.endsWith('.part') ? [{ number: Number(match[1]), path: join(runsFolder, name) }] : [];
  });
  return runs.sort((a, b) => b.number - a.number);
}

/** Makes the folder of a new run: the number after the highest one, data, size and name. */
export async function createNumberedRun(runsFolder: string, purpose: Purpose, begin: Begin): Promise<RunDirectory> {
  const number = 1 + ((await listRuns(runsFolder))[0]?.number ?? -1);
  const path = join(runsFolder, `${String(number).padStart(5, '0')}-${describe(purpose)}`);
  try {
    const made = await createRun(path, purpose, begin);
    await removeAbandoned(runsFolder, (name) => numbered.test(name));
    return made;
  } catch (error) {
    if (!isTaken(error)) throw error;
    return createNumberedRun(runsFolder, purpose, begin); // another process, or another call in this one, was quicker
  }
}

/** Makes the folder of a new run, which must not exist, or be empty; whole with what `begin` puts there, or not at all. */
export async function createRun(path: string, { config, data, init }: Purpose, begin: Begin): Promise<RunDirectory> {
  const { name, fingerprint, length, classes, skipped } = data;
  await writeFolder(path, async (folder) => {
    await writeWhole(join(folder, 'config.yaml'), toYaml(config));
    const facts = { id: randomUUID(), name, fingerprint, length, classes, skipped, init };
    await writeWhole(join(folder, 'data.json'), `${JSON.stringify(facts, null, 2)}\n`);
    await begin(folder);
  });
  return new RunDirectory(path);
}

/** What a run was started with, as its folder tells. */
export interface RunFacts {
  readonly config: Config;
  readonly data: { readonly name: string; readonly fingerprint: string };
  /** SHA-256 of the model that it started from */
  readonly init?: string;
}

/** What tells a run from every other; its checkpoints carry it. Runs of the first releases have no id. */
export async function runId(path: string): Promise<string | undefined> {
  const { id } = parsed((await readText(join(path, 'data.json'))) ?? '');
  return typeof id === 'string' ? id : undefined;
}

/** @throws {RinError} where the folder holds no run, or one that was damaged */
export async function readFacts(path: string): Promise<RunFacts> {
  const [configPath, dataPath] = [join(path, 'config.yaml'), join(path, 'data.json')];
  const [configText, dataText] = [await readText(configPath), await readText(dataPath)];
  if (configText === undefined || dataText === undefined)
    throw new RinError('it is no run: config.yaml or data.json is missing');
  const config = parseConfig(fromYaml(configText, configPath), configPath);
  const facts = parsed(dataText);
  if (typeof facts.name !== 'string' || typeof facts.fingerprint !== 'string')
    throw new RinError(`${dataPath} is damaged`);
  const data = { name: facts.name, fingerprint: facts.fingerprint };
  return { config, data, ...(typeof facts.init === 'string' && { init: facts.init }) };
}

/** An object in JSON; an empty one for other text. */
function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Why the run at `path` is not one for this purpose; undefined where it is. */
export async function mismatch(path: string, { config, data, init }: Purpose): Promise<string | undefined> {
  try {
    const theirs = await readFacts(path);
    const key = difference(withoutPlaces(theirs.config), withoutPlaces(config));
    if (key) return `its configuration differs in ${key}`;
    if (theirs.data.fingerprint !== data.fingerprint) return 'its data were others';
    const isSame = init === undefined ? theirs.config.training.init === config.training.init : theirs.init === init;
    return isSame ? undefined : 'it started from another model';
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined || error instanceof DiskFailure) throw error; // it may be the run that is looked for
    return problem;
  }
}

/** Why a run cannot be read, in words; undefined for an error that does not say so. */
export const problemOf = (error: unknown): string | undefined =>
  error instanceof RinError ? error.message : whyNot(error);

/** Data and the initial model are told by their contents, not by where they lie. */
const withoutPlaces = (config: Config) => ({ ...config, source: null, training: { ...config.training, init: null } });

/** The first key in which two configurations differ, with both sides; undefined where they are equal. */
function difference(theirs: object, ours: object): string | undefined {
  const [a, b] = [flatten(theirs), flatten(ours)];
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    if (isDeepStrictEqual(a.get(key), b.get(key))) continue;
    return `${key} (${JSON.stringify(a.get(key))} there, ${JSON.stringify(b.get(key))} here)`;
  }
  return undefined;
}

/** `emoji-64-rin`: data, size and name of the configuration; the name alone where it says what the data are. */
function describe({ config, data }: Purpose): string {
  const dataName = data.name.replace(/[^\w.-]+/g, '-') || 'data';
  if (config.name.includes(dataName)) return config.name;
  const size = sizeList(config.model.size);
  const square = size.length === 2 && size[0] === size[1];
  return `${dataName}-${square ? size[0] : size.join('x')}-${config.name}`;
}
