import { TorchError } from './errors.js';
import { firstSentence, native } from './native.js';
import type { Tensor } from './tensor.js';

/** Where a process stands in a group of processes, and how it finds the others. */
export interface GroupOptions {
  /** number of this process, from 0 to `size − 1` */
  readonly rank: number;
  /** number of processes */
  readonly size: number;
  /** name or address of the machine that has the store, at which the processes find each other */
  readonly host: string;
  readonly port: number;
  /** whether this process hosts the store. Default: rank 0 does */
  readonly hostsStore?: boolean;
  /** separates groups that use one store one after the other; default '' */
  readonly prefix?: string;
  /** seconds that a rank waits for the others, at least 1; default 600 */
  readonly timeout?: number;
  /** whether tensors on a CUDA device take part, by NCCL. Tensors on the CPU always do, by Gloo. Default false */
  readonly cuda?: boolean;
}

/** A rank does not take part any more. */
export class RankError extends TorchError {
  /**
   * @param message names the ranks and what is known
   * @param ranks   those that do not take part
   */
  constructor(
    message: string,
    readonly ranks: readonly number[],
  ) {
    super(message);
  }
}

/** What a group can use: `gloo` on the CPU, `nccl` on CUDA; empty if libtorch has no headers of c10d. */
export const groupBackends = (): string[] => native.backends().split(' ').filter(Boolean);

/**
 * The options of this process from the environment that launchers set: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. These are
 * `torchrun`, the PyTorchJob of Kubernetes, and others. Under `torchrun` its agent hosts the store.
 * @returns undefined if no launcher started this process, or if it started only one
 * @throws TorchError if a variable is missing or not valid
 */
export function launchedGroup(
  env: Readonly<Record<string, string | undefined>> = process.env,
): GroupOptions | undefined {
  if (env.RANK === undefined && env.WORLD_SIZE === undefined) return undefined;
  const names = ['RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'];
  const number = (name: string, least: number, most: number): number => {
    const value = Number(env[name] || Number.NaN);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most > least ? `from ${least} to ${most}` : `at most ${most}`;
    throw new TorchError(`${name} is "${env[name] ?? ''}": expected a whole number ${range}`);
  };
  if (env.WORLD_SIZE?.trim() === '1') return undefined;
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new TorchError(
      `a launcher of several processes sets ${names.join(', ')}, but ${missing.join(', ')} is not set; set all, or none`,
    );
  }
  const size = number('WORLD_SIZE', 1, 1e6);
  const rank = number('RANK', 0, size - 1);
  const isAgents = env.TORCHELASTIC_USE_AGENT_STORE === 'True';
  return {
    ...{ rank, size, host: env.MASTER_ADDR ?? '', port: number('MASTER_PORT', 1, 65_535) },
    ...(isAgents && { hostsStore: false, prefix: `/worker/attempt_${env.TORCHELASTIC_RESTART_COUNT ?? 0}` }),
  };
}

/**
 * Opens a group: waits for all processes, and connects them. It does not hold the event loop.
 * @throws RankError if ranks do not come within the time-out; it names them
 * @throws TorchError if the options are not valid, or the addon was built without c10d or NCCL
 */
export async function openGroup(options: GroupOptions): Promise<Group> {
  const { rank, size, host, port, hostsStore = options.rank === 0, prefix = '', timeout = 600, cuda = false } = options;
  const isValid = Number.isInteger(size) && size > 0 && Number.isInteger(rank) && rank >= 0 && rank < size;
  if (!isValid) throw new TorchError(`openGroup: rank ${rank} of ${size}: expected a rank from 0 to size − 1`);
  if (!(timeout >= 1)) throw new TorchError(`openGroup: timeout ${timeout}: expected seconds, at least 1`);
  try {
    const id = await native.openGroup(host, port, hostsStore, rank, size, prefix, Math.round(timeout * 1000), cuda);
    return new Group(Number(id), { rank, size, timeout });
  } catch (error) {
    throw openingError(firstSentence(error), options, timeout);
  }
}

function openingError(text: string, { host, port, rank }: GroupOptions, timeout: number): TorchError {
  const absent = ranksIn(text, 'absent');
  if (absent) return new RankError(`${namesOf(absent)} did not come to ${host}:${port} within ${timeout} s`, absent);
  if (/EADDRINUSE|failed to listen/.test(text))
    return new TorchError(`rank ${rank}: port ${port} is in use; give MASTER_PORT another number`);
  if (/timed out|ETIMEDOUT|failed to connect|ECONNREFUSED|EHOSTUNREACH|resolve|ENOTFOUND/i.test(text))
    return new TorchError(
      `rank ${rank}: nothing answers at ${host}:${port} within ${timeout} s; is rank 0 running there?`,
    );
  return new TorchError(`openGroup: ${text}`);
}

/** `rank 2`, `ranks 1 and 3` */
function namesOf(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  return `ranks ${ranks.slice(0, -1).join(', ')} and ${ranks.at(-1)}`;
}

/** The ranks in a message of the addon: "absent 1 3". */
function ranksIn(text: string, word: string): number[] | undefined {
  const match = new RegExp(`^${word}((?: \\d+)+)`).exec(text);
  return match?.[1].trim().split(' ').map(Number);
}

/**
 * Several processes that compute together (`openGroup`). Every rank makes the same calls in the same order. A call waits for
 * the other ranks in a thread of its own, so the event loop goes on. If a rank is missing, a call throws `RankError` on all others;
 * after that the group is of no more use.
 */
export class Group {
  readonly rank: number;
  readonly size: number;
  readonly #id: number;
  readonly #timeout: number;
  /** The end of the newest call: the order of calls is the same on every rank. */
  #last: Promise<unknown> = Promise.resolve();
  #meetings = 0;
  #isClosed = false;

  /** @internal */
  constructor(id: number, { rank, size, timeout }: { rank: number; size: number; timeout: number }) {
    this.#id = id;
    this.rank = rank;
    this.size = size;
    this.#timeout = timeout;
  }

  /**
   * Replaces tensors by their sums over all ranks. The result has the same bits on every rank.
   * @param tensors of one dtype and device, contiguous, with the same shapes on every rank
   * @throws RankError if a rank is missing
   */
  sum(tensors: readonly Tensor[]): Promise<void> {
    return this.#together('sum', tensors, 0);
  }

  /**
   * Replaces tensors by those of one rank.
   * @param tensors contiguous, with the same shapes and dtypes on every rank
   * @throws RankError if a rank is missing
   */
  broadcast(tensors: readonly Tensor[], from = 0): Promise<void> {
    return this.#together('broadcast', tensors, from);
  }

  /** Leaves a text for the other ranks, under a name that is used once. It waits for nobody. */
  async publish(name: string, text: string): Promise<void> {
    await this.#asked(() => native.publish(this.#id, name, text));
  }

  /**
   * The text that a rank leaves under a name. It waits as long as that rank lives, even if the rank works for hours.
   * @throws RankError if the rank ends, or shows no sign of life for a minute or for the time-out if that is shorter
   */
  async read(name: string, from: number): Promise<string> {
    return this.#asked(() => native.awaitKey(this.#id, name, from));
  }

  /** Waits until every rank is here. Like `read` it waits as long as the others live. @throws RankError if a rank is missing */
  async meet(): Promise<void> {
    const place = `meeting/${this.#meetings++}`;
    await this.publish(`${place}/${this.rank}`, '');
    for (let rank = 0; rank < this.size; rank++) await this.read(`${place}/${rank}`, rank);
  }

  /** Tells the other ranks why this one ends. They name the reason, if they notice the end. */
  async giveUp(reason: string): Promise<void> {
    await this.publish(`ended/${this.rank}`, reason).catch(() => {}); // nobody may be left who could read it
  }

  /** Leaves the group. Other ranks that still wait for this one get an error, and so do calls that start later. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await native.closeGroup(this.#id);
  }

  async #together(kind: 'sum' | 'broadcast', tensors: readonly Tensor[], root: number): Promise<void> {
    const slots = tensors.map(({ slot }) => slot);
    const call = this.#last.then(() => native.collective(this.#id, kind, slots, root));
    this.#last = call;
    try {
      await call;
    } catch (error) {
      throw await this.#whoIsMissing(firstSentence(error));
    }
  }

  async #asked(ask: () => Promise<string>): Promise<string> {
    try {
      return await ask();
    } catch (error) {
      throw this.#named(firstSentence(error)) ?? this.#withoutStore(error);
    }
  }

  /** The error after a call that failed with this message. */
  async #whoIsMissing(reason: string): Promise<TorchError> {
    let found: string;
    try {
      found = await native.rollCall(this.#id);
    } catch (error) {
      return this.#withoutStore(error);
    }
    const named = this.#named(found);
    if (named) return named;
    return new TorchError(
      /timed out/i.test(reason)
        ? `the ranks did not come together within ${this.#timeout} s; all of them live, so one is much slower`
        : `the ranks lost their connection: ${reason}`,
    );
  }

  /** The store cannot be reached: its host is the first to be missed. */
  #withoutStore(error: unknown): TorchError {
    const text = firstSentence(error);
    if (!/Connection|Broken pipe|ECONN|recvValue|sendBytes|store/i.test(text)) return new TorchError(text);
    return new RankError('rank 0 has ended, or its machine cannot be reached', [0]);
  }

  #named(found: string): RankError | undefined {
    const ended = /^ended (\d+) (.*)$/s.exec(found);
    if (ended) return new RankError(`rank ${ended[1]} has ended: ${ended[2]}`, [Number(ended[1])]);
    const dead = ranksIn(found, 'dead');
    if (dead) {
      const verb = dead.length > 1 ? 'have' : 'has';
      return new RankError(`${namesOf(dead)} ${verb} ended, or cannot be reached`, dead);
    }
    const absent = ranksIn(found, 'absent');
    if (!absent) return undefined;
    return new RankError(`${namesOf(absent)} did not answer within ${this.#timeout} s`, absent);
  }
}
