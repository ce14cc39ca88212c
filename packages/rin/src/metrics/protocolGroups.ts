import { isDeepStrictEqual } from 'node:util';
import { flatten } from '../config/flatten.js';
import type { Evaluation, Protocol } from './evaluation.js';

/** Evaluations with equal protocols. */
export interface ProtocolGroup {
  /** indices of the evaluations, ascending */
  readonly members: readonly number[];
  /** sentences about how the protocol differs from that of the first group: `count 500 instead of 1000` */
  readonly differs: readonly string[];
}

/** Keys that only name what another key has the digest of. */
const names: readonly string[] = ['detector.file', 'reference.name'];

/**
 * Groups evaluations by their protocol, the largest group first; of equally large groups, the one with the first evaluation. Only
 * figures of one group can be compared.
 */
export function protocolGroups(evaluations: readonly Pick<Evaluation, 'protocol'>[]): ProtocolGroup[] {
  const groups: { readonly key: Map<string, unknown>; readonly members: number[] }[] = [];
  for (const [index, { protocol }] of evaluations.entries()) {
    const key = keyOf(protocol);
    const group = groups.find((each) => isDeepStrictEqual(each.key, key));
    if (group) group.members.push(index);
    else groups.push({ key, members: [index] });
  }
  groups.sort((a, b) => b.members.length - a.members.length);
  return groups.map(({ key, members }) => ({ members, differs: differences(groups[0].key, key) }));
}

function keyOf(protocol: Protocol): Map<string, unknown> {
  const key = flatten(protocol);
  for (const name of names) key.delete(name);
  return key;
}

function differences(usual: Map<string, unknown>, here: Map<string, unknown>): string[] {
  return [...new Set([...usual.keys(), ...here.keys()])]
    .filter((key) => !isDeepStrictEqual(usual.get(key), here.get(key)))
    .map((key) => `${key} ${shown(here.get(key))} instead of ${shown(usual.get(key))}`);
}

const shown = (value: unknown): string => {
  const text = value === undefined || value === null ? 'none' : String(value);
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
};
