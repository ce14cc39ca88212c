import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { flatten } from '../config/flatten.js';

/**
 * What the loss of a run measures. Two losses can be compared only if these keys are equal:
 * - `loss`: the quantity of the mean squared error, x, eps or v
 * - `inputScale`: it changes how much signal is left at a noise level
 * - `schedule`: it sets the noise levels over which the error is averaged
 *
 * Other keys change how well the network does, and not what is measured. A prediction is converted to the quantity of the loss
 * before they are compared. Both kinds of `timeSampling` have the same mean. `normalizeInput` changes the input alone.
 * `selfConditioningRate`, `labelDropout` and the architecture make the same task easier or harder.
 */
export type LossUnit = Pick<Config['diffusion'], 'loss' | 'inputScale' | 'schedule'>;

export const lossUnit = ({ diffusion: { loss, inputScale, schedule } }: Pick<Config, 'diffusion'>): LossUnit => ({
  loss,
  inputScale,
  schedule,
});

/** Runs with equal units. */
export interface UnitGroup {
  /** indices of the runs, ascending */
  readonly members: readonly number[];
  /** keys in which the unit differs from that of the first group */
  readonly differs: readonly { readonly key: string; readonly here: unknown; readonly usual: unknown }[];
}

/** Groups runs by the unit of their loss: the largest group first; of equally large groups, the one with the first run. */
export function unitGroups(configs: readonly Pick<Config, 'diffusion'>[]): UnitGroup[] {
  const groups: { readonly unit: LossUnit; readonly members: number[] }[] = [];
  for (const [index, config] of configs.entries()) {
    const unit = lossUnit(config);
    const group = groups.find((each) => isDeepStrictEqual(each.unit, unit));
    if (group) group.members.push(index);
    else groups.push({ unit, members: [index] });
  }
  groups.sort((a, b) => b.members.length - a.members.length);
  return groups.map(({ unit, members }) => ({ members, differs: unitDifferences(groups[0].unit, unit) }));
}

function unitDifferences(usual: LossUnit, here: LossUnit): UnitGroup['differs'] {
  const [a, b] = [usual, here].map((diffusion) => flatten({ diffusion }));
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((key) => ({ key, here: b.get(key), usual: a.get(key) }))
    .filter((each) => !isDeepStrictEqual(each.here, each.usual));
}

/** Signs of the groups after the first one. */
const signs = ['*', '†', '‡', '§', '¶'];

/** The sign by which tables and charts mark the runs of a group: empty for the first, then `*`, `†`, …, `(6)`. */
export const unitSign = (group: number): string => (group === 0 ? '' : (signs[group - 1] ?? `(${group})`));

/** Explains the sign of a group: `diffusion.inputScale 0.5 instead of 1`. Keys that another kind of schedule lacks are left out. */
export const unitText = ({ differs }: UnitGroup): string =>
  differs
    .filter(({ here }) => here !== undefined)
    .map(({ key, here, usual }) => `${key} ${shown(here)} instead of ${shown(usual)}`)
    .join(', ');

const shown = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
