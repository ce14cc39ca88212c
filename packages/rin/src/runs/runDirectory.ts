import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { printable, RinError, sizeList } from '@rin/core';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse.js';
import { fromYaml, toYaml } from '../config/yaml.js';
import type { Dataset } from '../data/dataset.js';
import type { Skipped } from '../data/sources/source.js';
import { isTaken, systemCode, unreadable, whyNot } from '../disk/systemError.js';
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
import { formatsOf, type MediumFormats } from '../media/formats.js';

/** The inputs of a run. */
export interface Purpose {
  readonly config: Config;
  readonly data: Pick<Dataset, 'name' | 'fingerprint' | 'length' | 'classes' | 'skipped'>;
  /** SHA-256 of the model `training.init`; absent if it is not set or the file is gone */
  readonly init?: string;
}

/** Files of JSON lines, each with the images seen. */
const recordNames = ['stats', 'timing', 'machine'] as const;
type RecordName = (typeof recordNames)[number];

/** Writes the first files of a new run into its folder. */
export type Begin = (folder: string) => Promise<void>;

/**
 * The folder of a run:
 *
 *     config.yaml         The resolved configuration.
 *     data.json           Name and fingerprint of the data, SHA-256 of the initial model.
 *     log.txt             The messages.
 *     reals.png           Pictures of the data. For clips, reals.webp plays them, and reals.png is a strip of frames.
 *     stats.jsonl         Loss, learning rate and figures of new samples: functions of configuration, data and seed alone.
 *     timing.jsonl        Speed, clock and memory.
 *     machine.jsonl       The machine, one line for each start.
 *     events.out.…        TensorBoard's event files, with `training.tensorboard`.
 *     fakes-….png         Samples of the average, always with the same seeds. For clips, there is fakes-….webp too.
 *     metrics.jsonl       Figures of `rin evaluate`.
 *     checkpoint-…/       Everything that a resumed run needs.
 *     model.safetensors   The newest average of the weights.
 */
export class RunDirectory {
  constructor(readonly path: string) {}

  file(name: string): string {
    return join(this.path, name);
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  /** Adds lines to `log.txt`, each with the time. They are safe to print. */
  log(text: string): void {
    for (const line of printable(text).split('\n'))
      appendLine(this.file('log.txt'), `${new Date().toISOString()} ${line}`);
  }

  /** Replaces `config.yaml` as a whole, for a run that resumes with another configuration. */
  async writeConfig(config: Config): Promise<void> {
    await writeWhole(this.file('config.yaml'), toYaml(config));
  }

  /** Adds a line to `stats.jsonl`, `timing.jsonl` or `machine.jsonl`. */
  record(name: RecordName, line: { readonly images: number }): void {
    appendLine(this.file(`${name}.jsonl`), JSON.stringify(line));
  }

  /** The lines of `stats.jsonl` at this number of images. */
  statsAt(images: number): { readonly images: number }[] {
    if (!this.has('stats.jsonl')) return [];
    const lines = readFileSync(this.file('stats.jsonl'), 'utf8').split('\n');
    return lines.flatMap((line) => {
      const found = parsed(line);
      return found.images === images ? [{ ...found, images }] : [];
    });
  }

  /** Flushes every line of the log and the records to the disk. */
  async flush(): Promise<void> {
    for (const name of [...recordNames.map((each) => `${each}.jsonl`), 'log.txt']) await flushLines(this.file(name));
    await flush(this.path);
  }

  /**
   * Removes the lines recorded after `images` images, and half-written files.
   * @param isChanged whether the run goes on with other keys. Then later previews are removed too, because they would be others
   */
  async rewind(images: number, isChanged: boolean): Promise<void> {
    const isBefore = (line: string) => {
      try {
        return (JSON.parse(line) as { images: number }).images <= images;
      } catch {
        return false; // cut short when the run was killed
      }
    };
    for (const name of recordNames) await filterLines(this.file(`${name}.jsonl`), isBefore);
    for (const name of await namesIn(this.path)) {
      const isLater = isChanged && imagesOfPreview(name) > images;
      if (isLater || /\.part(ial)?$/.test(name)) await remove(this.file(name));
    }
  }
}

/** Images seen, from the name of a preview; 0 for other names. */
export function imagesOfPreview(name: string): number {
  const match = /^fakes-(\d+)(?:\.(\d{3}))?k\./.exec(name);
  return match ? 1000 * Number(match[1]) + Number(match[2] ?? 0) : 0;
}

/** Names of the entries of a folder. @throws RinError if it cannot be read */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw unreadable(error, folder);
  }
}

/** How the previews of a run are written; undefined if it has none: `sampleEvery` is 0, or its samples cannot be shown. */
export const previewsOf = ({ model, training }: Config): MediumFormats | undefined =>
  training.sampleEvery === 0 ? undefined : formatsOf(model);

/** Names of the files of a preview, such as `fakes-000010k.png`; empty if the run has none. @param stem without the ending */
export const previewFiles = (config: Config, stem: string): string[] =>
  previewsOf(config)?.preview.map((format) => `${stem}.${format}`) ?? [];

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

/** Creates the folder of a new run. Its name has the next number, the data, the size and the name. */
export async function createNumberedRun(runsFolder: string, purpose: Purpose, begin: Begin): Promise<RunDirectory> {
  const number = 1 + ((await listRuns(runsFolder))[0]?.number ?? -1);
  const path = join(runsFolder, `${String(number).padStart(5, '0')}-${describe(purpose)}`);
  try {
    const made = await createRun(path, purpose, begin);
    await removeAbandoned(runsFolder, (name) => numbered.test(name));
    return made;
  } catch (error) {
    if (!isTaken(error)) throw error;
    return createNumberedRun(runsFolder, purpose, begin); // another process, or another call in this process, was faster
  }
}

/** Creates the folder of a new run with the files of `begin`, whole or not at all. The folder must be new or empty. */
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

/** The inputs of a run, read from its folder. */
export interface RunFacts {
  readonly config: Config;
  readonly data: {
    readonly name: string;
    readonly fingerprint: string;
    /** number of samples, including those held out for validation; absent in damaged or foreign files */
    readonly length?: number;
    /** names of the classes, and what was skipped; empty in foreign files */
    readonly classes: readonly string[];
    readonly skipped: readonly Skipped[];
  };
  /** SHA-256 of the model that it started from */
  readonly init?: string;
}

/** The id of a run, which its checkpoints carry. Runs of the first releases have no id. */
export async function runId(path: string): Promise<string | undefined> {
  const { id } = parsed((await readText(join(path, 'data.json'))) ?? '');
  return typeof id === 'string' ? id : undefined;
}

/** @throws RinError if the folder has no run, or a damaged one */
export async function readFacts(path: string): Promise<RunFacts> {
  const [configPath, dataPath] = [join(path, 'config.yaml'), join(path, 'data.json')];
  const [configText, dataText] = [await readText(configPath), await readText(dataPath)];
  if (configText === undefined || dataText === undefined)
    throw new RinError('it is not a run: config.yaml or data.json is missing');
  const config = parseConfig(fromYaml(configText, configPath), configPath);
  const facts = parsed(dataText);
  if (typeof facts.name !== 'string' || typeof facts.fingerprint !== 'string')
    throw new RinError(`${dataPath} is damaged`);
  const { name, fingerprint, length } = facts;
  const classes = listOf(facts.classes).filter((each) => typeof each === 'string');
  const skipped = listOf(facts.skipped).filter(isSkipped);
  const data = { name, fingerprint, ...(typeof length === 'number' && { length }), classes, skipped };
  return { config, data, ...(typeof facts.init === 'string' && { init: facts.init }) };
}

/** An object in JSON; an empty object for other text. */
function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function isSkipped(value: unknown): value is Skipped {
  const { name, reason } = Object(value) as Partial<Skipped>;
  return typeof name === 'string' && typeof reason === 'string';
}

/** Why a run cannot be read, in words; undefined for any other error. */
export const problemOf = (error: unknown): string | undefined =>
  error instanceof RinError ? error.message : whyNot(error);

/** `emoji-64-rin`: data, size and name of the configuration. The name alone if it contains the name of the data. */
function describe({ config, data }: Purpose): string {
  const dataName = data.name.replace(/[^\w.-]+/g, '-') || 'data';
  if (config.name.includes(dataName)) return config.name;
  const size = sizeList(config.model.size);
  const square = size.length === 2 && size[0] === size[1];
  return `${dataName}-${square ? size[0] : size.join('x')}-${config.name}`;
}
