import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { flatten } from '../../config/flatten.js';
import { readLines } from '../../runs/statistics.js';

/** A line of metrics.jsonl: figures of one set of samples, with the protocol that they depend on. */
export interface EvaluationRead {
  readonly time?: string;
  readonly subject: { readonly name?: string; readonly average?: string; readonly images?: number };
  readonly protocol: object;
  readonly figures: readonly { readonly name: string; readonly value: number; readonly spread?: number }[];
  readonly notes: readonly string[];
}

/** The evaluations of a run, the oldest first. Lines of another kind are passed over. @param run its folder */
export async function readEvaluations(run: string): Promise<EvaluationRead[]> {
  return (await readLines(join(run, 'metrics.jsonl'))).flatMap(({ time, subject, protocol, figures, notes }) => {
    if (!isObject(subject) || !isObject(protocol) || !Array.isArray(figures)) return [];
    const { name, average, images } = subject;
    const known = figures.filter(isFigure);
    const read: EvaluationRead = {
      ...(typeof time === 'string' && !Number.isNaN(Date.parse(time)) && { time }),
      subject: {
        ...(typeof name === 'string' && { name }),
        ...(typeof average === 'string' && { average }),
        ...(typeof images === 'number' && { images }),
      },
      protocol,
      figures: known,
      notes: Array.isArray(notes) ? notes.filter((note) => typeof note === 'string') : [],
    };
    return known.length > 0 ? [read] : [];
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isFigure = (value: unknown): value is EvaluationRead['figures'][number] =>
  isObject(value) && typeof value.name === 'string' && typeof value.value === 'number';

/** Evaluations with one protocol, in the order of the first ones. Only these can be compared. */
export function byProtocol(evaluations: readonly EvaluationRead[]): (readonly EvaluationRead[])[] {
  const groups: EvaluationRead[][] = [];
  for (const evaluation of evaluations) {
    const group = groups.find(([first]) => isDeepStrictEqual(first.protocol, evaluation.protocol));
    if (group) group.push(evaluation);
    else groups.push([evaluation]);
  }
  return groups;
}

/** A protocol as names and values. Digests are shortened. */
export const protocolPairs = ({ protocol }: EvaluationRead): [name: string, value: string][] =>
  [...flatten(protocol)].map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [name, /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}…` : text];
  });
