import { join } from 'node:path';
import { flatten } from '../../config/flatten.js';
import type { Evaluation } from '../../metrics/evaluation.js';
import { readEvaluations, recordName } from '../../metrics/record.js';

/** The evaluations of a run that have figures, the oldest first. @param run its folder */
export async function evaluationsOf(run: string): Promise<Evaluation[]> {
  const all = await readEvaluations(join(run, recordName));
  return all.flatMap((evaluation) => {
    const figures = evaluation.figures.filter(({ name, value }) => typeof name === 'string' && Number.isFinite(value));
    return figures.length > 0 ? [{ ...evaluation, figures }] : [];
  });
}

/** A protocol as names and values. Digests are shortened. */
export const protocolPairs = ({ protocol }: Evaluation): [name: string, value: string][] =>
  [...flatten(protocol)].map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [name, /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}…` : text];
  });
