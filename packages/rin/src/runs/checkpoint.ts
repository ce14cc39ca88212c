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
 *   weights.safetensors  average.safetensors  optimizer.safetensors
 *   checkpoint.json      counters, and the digests of the other files and of itself
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

/** Everything that a run needs to go on as if it had not been interrupted. */
export interface State {
  readonly counters: Counters;
  readonly weights: Named;
  /** average of the weights */
  readonly average: Named;
  readonly optimizer: Named;
}

/** A number of images in a file name: 200000 is `000200k`, 2016 is `000002.016k`. */
export function imagesLabel(images: number): string {
  const thousands = String(Math.floor(images / 1000)).padStart(6, '0');
  const rest = images % 1000;
  return rest === 0 ? `${thousands}k` : `${thousands}.${String(rest).padStart(3, '0')}k`;
}

/** Writes a checkpoint in the folder of a run; it appears whole or not at all. One that has the name is moved aside. */
export async function saveCheckpoint(run: string, label: string, state: State): Promise<void> {
  const path = join(run, `checkpoint-${label}`);
  await writeFolder(path, async (folder) => {
    const write = async (part: 'weights' | 'average' | 'optimizer') => {
      const path = join(folder, `${part}.safetensors`);
      await change('write', path, () => writeSafetensors(path, state[part]));
      return sha256OfFile(path);
    };
    const digests = {
      weights: await write('weights'),
      average: await write('average'),
      optimizer: await write('optimizer'),
    };
    const content = { counters: state.counters, digests };
    await writeWhole(join(folder, 'checkpoint.json'), JSON.stringify({ ...content, sha256: sha256(content) }, null, 2));
    if (existsSync(path)) await moveAside(path);
  });
}

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

interface Index {
  readonly counters: Counters;
  readonly digests: Readonly<Record<'weights' | 'average' | 'optimizer', string>>;
}

async function readIndex(folder: string): Promise<Index> {
  const text = await readText(join(folder, 'checkpoint.json'));
  if (text === undefined) throw new Damaged('checkpoint.json is missing');
  try {
    const { sha256: expected, ...content } = JSON.parse(text) as Index & { sha256: string };
    if (sha256(content) === expected) return content;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new Damaged('checkpoint.json was changed or cut short');
}

async function load(folder: string): Promise<State> {
  const { counters, digests } = await readIndex(folder);
  const read = async (part: 'weights' | 'average' | 'optimizer') => {
    const path = join(folder, `${part}.safetensors`);
    if (!existsSync(path)) throw new Damaged(`${part}.safetensors is missing`);
    if ((await sha256OfFile(path)) !== digests[part]) throw new Damaged(`${part}.safetensors was changed or cut short`);
    return (await readSafetensors(path)).tensors;
  };
  return {
    counters,
    weights: await read('weights'),
    average: await read('average'),
    optimizer: await read('optimizer'),
  };
}

/** Gives a checkpoint that is damaged, or in the way, a name that is no checkpoint's. */
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
