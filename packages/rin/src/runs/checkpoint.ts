import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readSafetensors, writeSafetensors } from '@rin/torch';
import { change, readText, remove, writeFolder, writeWhole } from '../disk/wholeFiles.js';
import type { Named } from '../model/named.js';

/*
 * A checkpoint is a folder `checkpoint-000200k` in a run:
 *   weights.safetensors    the weights             average.safetensors    their main average; others have files of their own
 *   optimizer.safetensors  the optimiser's memory  checkpoint.json        counters, and the digests of the other files and of itself
 */

/** What a run is apart from its tensors. */
export interface Counters {
  /** images seen */
  readonly images: number;
  /** updates made */
  readonly updates: number;
  /** sums of loss and gradient norm over the updates since the last line of stats.jsonl, and how many these are */
  readonly lossSum: number;
  readonly normSum: number;
  readonly summed: number;
  /** seconds spent training */
  readonly seconds: number;
}

/** Those of a run that has not begun. */
export const noCounters: Counters = { images: 0, updates: 0, lossSum: 0, normSum: 0, summed: 0, seconds: 0 };

/** What a learner needs to go on as if it had not been interrupted. */
export interface LearnerState {
  /** Tensors by the name of their part, which is a file of the checkpoint: `weights`, each average, `optimizer`. */
  readonly parts: Readonly<Record<string, Named>>;
  /** Samples in one pass since memory ran out; absent if it never did. Dropout is drawn for a pass, so its size matters. */
  readonly microBatch?: number;
}

/** Everything that a run needs to go on as if it had not been interrupted. */
export interface State extends LearnerState {
  readonly counters: Counters;
}

/** A number of images in a file name: 200000 is `000200k`, 2016 is `000002.016k`. */
export function imagesLabel(images: number): string {
  const thousands = String(Math.floor(images / 1000)).padStart(6, '0');
  const rest = images % 1000;
  return rest === 0 ? `${thousands}k` : `${thousands}.${String(rest).padStart(3, '0')}k`;
}

/** Writes a checkpoint in the folder of a run; it appears whole or not at all. */
export async function saveCheckpoint(run: string, label: string, { parts, ...rest }: State): Promise<void> {
  await writeFolder(join(run, `checkpoint-${label}`), async (folder) => {
    const digests: Record<string, string> = {};
    for (const [part, tensors] of Object.entries(parts)) {
      const path = join(folder, fileOf(part));
      await change('write', path, () => writeSafetensors(path, tensors));
      digests[part] = await sha256OfFile(path);
    }
    const content: Index = { ...rest, digests };
    await writeWhole(join(folder, indexName), JSON.stringify({ ...content, sha256: sha256(content) }, null, 2));
  });
}

const indexName = 'checkpoint.json';

const fileOf = (part: string): string => `${part}.safetensors`;

/** Names of a run's checkpoints, the newest first. */
export async function listCheckpoints(run: string): Promise<string[]> {
  const images = (name: string) => Number(/^checkpoint-(\d{6,}(?:\.\d{3})?)k$/.exec(name)?.[1]);
  const names = (await readdir(run)).filter((name) => !Number.isNaN(images(name)));
  return names.sort((a, b) => images(b) - images(a));
}

/** Removes all checkpoints but the newest `keep`. */
export async function pruneCheckpoints(run: string, keep: number): Promise<void> {
  for (const name of (await listCheckpoints(run)).slice(keep)) await remove(join(run, name));
}

/**
 * The newest checkpoint of a run that is whole; its tensors belong to no scope. Damaged ones are moved aside, and `log` is
 * told. Undefined where there is none.
 */
export async function loadNewest(run: string, log: (text: string) => void): Promise<State | undefined> {
  for (const name of await listCheckpoints(run)) {
    try {
      return await load(join(run, name));
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      const aside = await moveAside(join(run, name));
      log(`${name} is damaged: ${error.message}. It is now ${aside}; the run goes on from the one before it`);
    }
  }
  return undefined;
}

/** What the newest checkpoint with a sound index counts, without a look at its tensors. */
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

/** A checkpoint is not what was written. */
class Damaged extends Error {}

/** What `checkpoint.json` says. */
interface Index extends Omit<State, 'parts'> {
  /** SHA-256 of the file of each part. */
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

async function load(folder: string): Promise<State> {
  const { digests, ...rest } = await readIndex(folder);
  const parts: Record<string, Named> = {};
  for (const [part, digest] of Object.entries(digests)) {
    const path = join(folder, fileOf(part));
    if (!existsSync(path)) throw new Damaged(`${fileOf(part)} is missing`);
    if ((await sha256OfFile(path)) !== digest) throw new Damaged(`${fileOf(part)} was changed or cut short`);
    parts[part] = (await readSafetensors(path)).tensors;
  }
  return { ...rest, parts };
}

/** Gives a damaged checkpoint a name that is no checkpoint's. */
async function moveAside(path: string): Promise<string> {
  let aside = `${path}.damaged`;
  for (let i = 2; existsSync(aside); i++) aside = `${path}.damaged${i}`;
  await change('rename', path, () => rename(path, aside));
  return aside;
}

const sha256 = (content: unknown) => createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** SHA-256 of a file's contents, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
