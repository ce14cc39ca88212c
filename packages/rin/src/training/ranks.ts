import { hostname } from 'node:os';
import { RinError } from '@rin/core';
import { type Group, launchedGroup, openGroup, RankError, runtime, type Tensor, tensor } from '@rin/torch';

/**
 * The processes that do one job together, as one of them sees them. Every rank makes the same calls in the same order. A single
 * process (`alone`) waits for nobody.
 */
export interface Ranks {
  /** number of this process, from 0 */
  readonly rank: number;
  readonly count: number;
  /** number of this process among those of its machine, from 0; it chooses the GPU */
  readonly localRank: number;
  /** Replaces tensors by their sums over the ranks, with the same bits on every rank. They have one dtype and device. */
  sum(tensors: readonly Tensor[]): Promise<void>;
  /** Sums numbers over the ranks, in float64. */
  total(numbers: readonly number[]): Promise<number[]>;
  /** Replaces tensors by those of rank 0. */
  copyFirst(tensors: readonly Tensor[]): Promise<void>;
  /** Rank 0 works while the others wait, as long as it lives. All get its result, which is a value of JSON. */
  first<T>(work: () => Promise<T>): Promise<T>;
  /** One rank of each machine works first, then the others of that machine. Afterwards every rank has its own result. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Tells the other ranks of the error with which this one ends, unless it ends because another one is missing. */
  giveUp(error: unknown): Promise<void>;
  close(): Promise<void>;
}

/** A run ended because a rank is missing. The message names it, and what is kept of the run. */
export class LostRank extends RinError {}

/** A single process. */
export const alone: Ranks = {
  rank: 0,
  count: 1,
  localRank: 0,
  async sum() {},
  async total(numbers) {
    return [...numbers];
  },
  async copyFirst() {},
  first: (work) => work(),
  inTurn: (work) => work(),
  async giveUp() {},
  async close() {},
};

/** A call sums at most so many bytes, because c10d copies them into one piece. */
const atOnce = 128 << 20;

class Together implements Ranks {
  readonly rank: number;
  readonly count: number;
  readonly localRank: number;
  readonly #group: Group;
  #works = 0;

  constructor(group: Group, localRank: number) {
    this.#group = group;
    this.rank = group.rank;
    this.count = group.size;
    this.localRank = localRank;
  }

  async sum(tensors: readonly Tensor[]): Promise<void> {
    let part: Tensor[] = [];
    let bytes = 0;
    for (const tensor of tensors) {
      if (bytes > 0 && bytes + 4 * tensor.size > atOnce) {
        await this.#group.sum(part);
        [part, bytes] = [[], 0];
      }
      part.push(tensor);
      bytes += 4 * tensor.size;
    }
    if (part.length > 0) await this.#group.sum(part);
  }

  async total(numbers: readonly number[]): Promise<number[]> {
    using sums = tensor(Float64Array.from(numbers), [numbers.length]);
    await this.#group.sum([sums]);
    return [...(sums.toTypedArray() as Float64Array)];
  }

  copyFirst(tensors: readonly Tensor[]): Promise<void> {
    return this.#group.broadcast(tensors);
  }

  async first<T>(work: () => Promise<T>): Promise<T> {
    const name = `work/${this.#works++}`;
    if (this.rank > 0) return (JSON.parse(await this.#group.read(name, 0)) as { value: T }).value;
    const value = await work();
    await this.#group.publish(name, JSON.stringify({ value }));
    return value;
  }

  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const name = `turn/${this.#works++}`;
    const own = hostname();
    await this.#group.publish(`${name}/host/${this.rank}`, own);
    let leader = 0;
    while (leader < this.rank && (await this.#group.read(`${name}/host/${leader}`, leader)) !== own) leader++;
    if (leader < this.rank) await this.#group.read(`${name}/done/${leader}`, leader);
    const result = await work();
    if (leader === this.rank) await this.#group.publish(`${name}/done/${leader}`, '');
    await this.#group.meet();
    return result;
  }

  async giveUp(error: unknown): Promise<void> {
    if (error instanceof RankError || error instanceof LostRank) return;
    await this.#group.giveUp(error instanceof Error ? error.message : String(error));
  }

  close(): Promise<void> {
    return this.#group.close();
  }
}

/** Why several processes are refused on MPS: Gloo sends tensors of the CPU only. */
export const aloneOnMps = 'the device is mps, on which several processes cannot work together; use cpu';

/** How a process joins others. */
export interface JoinOptions {
  /** seconds that a rank waits for the others; default 600 */
  readonly timeout?: number;
  /** `training.device`; only `cpu` keeps a GPU out */
  readonly device?: string;
}

/**
 * Joins the other processes that a launcher started, by the variables RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT
 * (`docs/many-machines.md`). It waits until all are there.
 * @returns the ranks, or `alone` if no launcher started this process or it started only one
 * @throws RinError for the device mps
 * @throws TorchError if a variable is not valid; it names the ranks that do not come within the time-out
 */
export async function joinRanks({ timeout = 600, device = 'auto' }: JoinOptions = {}): Promise<Ranks> {
  const launched = launchedGroup();
  if (!launched) return alone;
  if (device === 'mps') throw new RinError(aloneOnMps);
  const cuda = device !== 'cpu' && runtime().cudaDevices > 0;
  const group = await openGroup({ ...launched, timeout, cuda });
  return new Together(group, Number(process.env.LOCAL_RANK ?? 0));
}

/** The part of `total` things of a rank, from the first number to below the second. Parts differ by one at most. */
export function shareOf(total: number, { rank, count }: Pick<Ranks, 'rank' | 'count'>): readonly [number, number] {
  return [Math.floor((rank * total) / count), Math.floor(((rank + 1) * total) / count)];
}
