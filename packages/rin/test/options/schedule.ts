import assert from 'node:assert/strict';
import type { ScheduleConfig } from '../../src/config/diffusion.js';
import { parseConfig } from '../../src/config/parse.js';
import { gammaOf } from '../diffusion/formulas.js';
import { nearAll } from '../model/reference/near.js';
import { assertDistinct, type Cases } from './case.js';

/** Every key of a schedule, changed in every kind that has it. */
const changes: Record<string, object[]> = {
  start: [
    { kind: 'sigmoid', start: -2 },
    { kind: 'cosine', start: 0.2 },
    { kind: 'log', start: 0.01 },
  ],
  end: [
    { kind: 'sigmoid', end: 2 },
    { kind: 'cosine', end: 0.8 },
    { kind: 'log', end: 0.9 },
  ],
  tau: [
    { kind: 'sigmoid', tau: 0.5 },
    { kind: 'cosine', tau: 2 },
  ],
  reverse: [{ kind: 'log', reverse: true }],
};

const scheduleOf = (schedule: object): ScheduleConfig =>
  parseConfig({ model: { size: 8, patch: 4 }, diffusion: { schedule } }, 'test').diffusion.schedule;

/**
 * The cases of a schedule: the network is given the gamma of its published formula.
 * @param path   of the schedule
 * @param asked  what the network is given at each time
 */
export function scheduleCases(
  path: string,
  asked: (schedule: object) => Promise<{ times: readonly number[]; gammas: readonly number[] }>,
): Cases {
  const follows = async (schedule: object) => {
    const { times, gammas } = await asked(schedule);
    const expected = times.map((t) => gammaOf(scheduleOf(schedule), t));
    nearAll(gammas, expected, 1e-12, JSON.stringify(schedule));
    return gammas;
  };
  const differ = async (schedule: { kind?: string }) =>
    assert.notDeepEqual(await follows(schedule), await follows({ kind: schedule.kind }));
  const parts = Object.entries(changes).map(([key, all]) => {
    const check = async () => {
      for (const schedule of all) await differ(schedule);
    };
    return [`${path}.${key}`, ['shapes it by the published formula', check]] as const;
  });
  const whole = async () => {
    const found = new Map<string, readonly number[]>();
    for (const kind of ['sigmoid', 'cosine', 'cosine-nichol', 'linear', 'log'])
      found.set(kind, await follows({ kind }));
    assertDistinct(path, (kind) => found.get(kind) ?? assert.fail(`test/options/schedule.ts has no kind ${kind}`));
  };
  return { [path]: ['is the gamma that the network is given', whole], ...Object.fromEntries(parts) };
}
