import { ConfigError, UsageError } from '@rin/core';
import type { Ranks } from '../../training/ranks.js';
import type { Given, Option } from './command.js';

/** `--timeout` of the commands that several processes can share. */
export const timeoutOption: Option = {
  flag: '--timeout',
  placeholder: 'SECONDS',
  description: 'of several processes: how long one waits for another',
  notes: ['at least 1', 'default: 600'],
};

/** The rank that a launcher gave this process; undefined if it is alone. */
export function launchedRank(): number | undefined {
  const { RANK, WORLD_SIZE } = process.env;
  return RANK !== undefined && Number(WORLD_SIZE) > 1 ? Number(RANK) : undefined;
}

/** Whether this process speaks for all: rank 0, or a process that is alone. */
export const isFirstRank = (): boolean => !launchedRank();

/**
 * Joins the processes of the launcher for some work, and leaves them at its end. If the work fails, the others are told.
 * @throws TorchError if the others do not come
 */
export async function amongLaunched<T>(given: Given, work: (ranks: Ranks) => Promise<T>): Promise<T> {
  const { joinRanks } = await import('../../training/ranks.js');
  const ranks = await joinRanks({ timeout: given.wholeNumber('--timeout', 1), device: given.text('--device') });
  try {
    return await work(ranks);
  } catch (error) {
    await ranks.giveUp(error);
    throw error;
  } finally {
    await ranks.close();
  }
}

/**
 * The message of a rank for an error: with its number, because the ranks share one terminal.
 * @returns undefined if rank 0 prints the same
 */
export function messageOfRank(error: unknown, message: string): string | undefined {
  const rank = launchedRank();
  if (rank === undefined || rank === 0) return message;
  if (error instanceof UsageError || error instanceof ConfigError || isOfAll(error)) return undefined;
  return message.startsWith(`rank ${rank}`) ? message : `rank ${rank}: ${message}`;
}

/** Whether every rank ends with this error at the same time. */
const isOfAll = (error: unknown): boolean => error instanceof Error && error.constructor.name === 'Diverged';
