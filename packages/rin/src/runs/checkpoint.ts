import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isOutOfMemory, isTorchError, RinError } from '@rin/core';
import { type Named, readSafetensors, writeSafetensors } from '@rin/torch';
import { unreadable } from '../disk/systemError.js';
import { change, readText, remove, writeFolder, writeWhole } from '../disk/wholeFiles.js';
import { namesIn, runId } from './runDirectory.js';

/*
 * A checkpoint is a folder `checkpoint-000200k` in a run:
 *   weights.safetensors    the weights             average.safetensors    their main average; other averages have own files
 *   optimizer.safetensors  state of the optimiser  checkpoint.json        counters, digests of the other files and of itself
 */

/** The state of a run without its tensors. */
export interface Counters {
  /** images seen */
  readonly images: number;
  /** updates made */
  readonly updates: number;
  /** sums of loss and gradient norm over the updates since the last line of stats.jsonl */
  readonly lossSum: number;
  readonly normSum: number;
  /** number of these updates */
  readonly summed: number;
  /** seconds spent training */
  readonly seconds: number;
}

/** Counters of a run before its first update. */
export const noCounters: Counters = { images: 0, updates: 0, lossSum: 0, normSum: 0, summed: 0, seconds: 0 };

/** The state with which a learner resumes exactly. */
export interface LearnerState {
  /** Tensors by the name of their part, which is a file of the checkpoint: `weights`, each average, `optimizer`. */
  readonly parts: Readonly<Record<string, Named>>;
  /** Samples in one pass after memory ran out; absent if it did not. It matters, because dropout is drawn for each pass. */
  readonly microBatch?: number;
}

/** The state with which a run resumes exactly. */
export interface State extends LearnerState {
  readonly counters: Counters;
}

/** Formats a number of images for a file name: 200000 is `000200k`, 2016 is `000002.016k`. */
export function imagesLabel(images: number): string {
  const thousands = String(Math.floor(images / 1000)).padStart(6, '0');
  const rest = images % 1000;
  return rest === 0 ? `${thousands}k` : `${thousands}.${String(rest).padStart(3, '0')}k`;
}

/**
 * Writes a checkpoint into the folder of a run, whole or not at all. An existing one of this name is renamed first.
 * @param label names the checkpoint (`imagesLabel`)
 * @throws RinError if a file cannot be written
 */
export async function saveCheckpoint(run: string, label: string, { parts, ...rest }: State): Promise<void> {
  const path = join(run, `checkpoint-${label}`);
  const id = await runId(run);
  await writeFolder(path, async (folder) => {
    const digests: Record<string, string> = {};
    for (const [part, tensors] of Object.entries(parts)) {
      const file = join(folder, fileOf(part));
      await change('write', file, () => writeSafetensors(file, tensors));
      digests[part] = await sha256OfFile(file);
    }
    const content: Index = { ...(id !== undefined && { run: id }), ...rest, digests };
    await writeWhole(join(folder, indexName), JSON.stringify({ ...content, sha256: sha256(content) }, null, 2));
    if (existsSync(path)) await moveAside(path); // else the new one could not take its name
  });
}

const indexName = 'checkpoint.json';

const fileOf = (part: string): string => `${part}.safetensors`;

/** Names of the checkpoints of a run, newest first. */
export async function listCheckpoints(run: string): Promise<string[]> {
  const images = (name: string) => Number(/^checkpoint-(\d{6,}(?:\.\d{3})?)k$/.exec(name)?.[1]);
  const names = (await namesIn(run)).filter((name) => !Number.isNaN(images(name)));
  return names.sort((a, b) => images(b) - images(a));
}

/** Removes all but the newest `keep` checkpoints. */
export async function pruneCheckpoints(run: string, keep: number): Promise<void> {
  for (const name of (await listCheckpoints(run)).slice(keep)) await remove(join(run, name));
}

/**
 * Loads the newest undamaged checkpoint of a run. Its tensors belong to no scope. Newer, damaged checkpoints are renamed, and
 * `log` gets a message about each.
 * @returns undefined if the run has no checkpoint yet
 * @throws RinError if all checkpoints are damaged, or the newest undamaged checkpoint belongs to another run
 */
export async function loadNewest(run: string, log: (text: string) => void): Promise<State | undefined> {
  const damaged: { name: string; problem: string }[] = [];
  for (const name of await listCheckpoints(run)) {
    try {
      const state = await load(run, name);
      for (const { name, problem } of damaged) {
        const aside = await moveAside(join(run, name));
        log(
          `${name} is damaged: ${problem}. It was renamed to ${aside}; the run resumes from the checkpoint before it`,
        );
      }
      return state;
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      damaged.push({ name, problem: error.message });
    }
  }
  if (damaged.length > 0) throw noneWhole(run, `${damaged[0].name}: ${damaged[0].problem}`);
  const aside = (await namesIn(run)).find((name) => /^checkpoint-.*\.damaged\d*$/.test(name));
  if (aside !== undefined) throw noneWhole(run, `see ${aside}`);
  return undefined;
}

/** The error if all checkpoints are damaged. Without it, the run would start again and overwrite its model. */
const noneWhole = (run: string, newest: string): RinError =>
  new RinError(
    `${run}: all its checkpoints are damaged (${newest}); restore one from a copy, or start another run (--new), ` +
      'or delete this folder',
  );

/** Counters of the newest checkpoint with an undamaged index. Its tensors are not read. */
export async function newestCounters(run: string): Promise<Counters | undefined> {
  for (const name of await listCheckpoints(run)) {
    try {
      return (await readIndex(join(run, name))).counters;
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
    }
  }
  return undefined;
}

/** A part of a checkpoint: weights that a network can take. */
export interface CheckpointPart {
  readonly counters: Counters;
  /** belong to no scope; the caller disposes them */
  readonly tensors: Named;
}

/** Parts of a checkpoint that are no weights of a network. */
const notWeights = ['optimizer'];

/**
 * Names of the weights in a checkpoint: `weights`, and each average.
 * @param name the checkpoint, as `listCheckpoints` names it
 * @throws RinError if it is damaged
 */
export async function weightsIn(run: string, name: string): Promise<string[]> {
  const { digests } = await readIndex(join(run, name)).catch((error) => wholeOrNot(error, join(run, name)));
  return Object.keys(digests).filter((part) => !notWeights.includes(part));
}

/**
 * Reads the weights of one part of a checkpoint, without the others.
 * @param part `weights`, or the name of an average
 * @throws RinError if it is not there or damaged
 */
export async function readWeights(run: string, name: string, part: string): Promise<CheckpointPart> {
  const folder = join(run, name);
  try {
    const { digests, counters } = await readIndex(folder);
    return { counters, tensors: await wholePart(folder, part, digests[part]) };
  } catch (error) {
    return wholeOrNot(error, folder);
  }
}

/** @throws RinError if a checkpoint is damaged; other errors pass through */
function wholeOrNot(error: unknown, folder: string): never {
  throw error instanceof Damaged
    ? new RinError(`${folder} is damaged: ${error.message}; choose another checkpoint`)
    : error;
}

/** A checkpoint is incomplete or was changed. */
class Damaged extends Error {}

/** The content of `checkpoint.json`. */
interface Index extends Omit<State, 'parts'> {
  /** Id of the run that wrote it; absent in checkpoints of the first releases. */
  readonly run?: string;
  /** SHA-256 of the file of each part, in hexadecimal. */
  readonly digests: Readonly<Record<string, string>>;
}

async function readIndex(folder: string): Promise<Index> {
  const text = await readText(join(folder, indexName));
  if (text === undefined) throw new Damaged(`${indexName} is missing`);
  try {
    const { sha256: expected, ...content } = JSON.parse(text) as Index & { sha256: string };
    if (sha256(content) === expected) return content;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new Damaged(`${indexName} was changed or cut short`);
}

async function load(run: string, name: string): Promise<State> {
  const folder = join(run, name);
  const { run: maker, digests, ...rest } = await readIndex(folder);
  if (maker !== undefined && maker !== (await runId(run)))
    throw new RinError(`${folder} belongs to another run; move it out of this folder, and run the same command again`);
  const parts: Record<string, Named> = {};
  for (const [part, digest] of Object.entries(digests)) parts[part] = await wholePart(folder, part, digest);
  return { ...rest, parts };
}

/** The tensors of a part, checked by its digest. */
async function wholePart(folder: string, part: string, digest: string): Promise<Named> {
  const path = join(folder, fileOf(part));
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new Damaged(`${fileOf(part)} is missing`);
  if ((await sha256OfFile(path)) !== digest) throw new Damaged(`${fileOf(part)} was changed or cut short`);
  return readPart(path);
}

/** Reads the tensors of a file whose digest is correct. */
async function readPart(path: string): Promise<Named> {
  try {
    return (await readSafetensors(path)).tensors;
  } catch (error) {
    throw isTorchError(error) && !isOutOfMemory(error) ? new RinError(error.message) : error;
  }
}

/** Renames a checkpoint to `….damaged`, which is no checkpoint's name. @returns the new path */
async function moveAside(path: string): Promise<string> {
  let aside = `${path}.damaged`;
  for (let i = 2; existsSync(aside); i++) aside = `${path}.damaged${i}`;
  await change('rename', path, () => rename(path, aside));
  return aside;
}

const sha256 = (content: unknown) => createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** SHA-256 of a file's contents, in hexadecimal. @throws RinError if it cannot be read */
async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw unreadable(error, path);
  }
  return hash.digest('hex');
}
