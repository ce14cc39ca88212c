import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { makeFolder } from '../disk/makeFolder.js';
import { appendLine, change, flush, readText } from '../disk/wholeFiles.js';
import { readLines } from '../runs/statistics.js';
import type { Evaluation } from './evaluation.js';
import type { Figure } from './figures.js';

/** File name of the evaluations of a run, in its folder: one in each line, as JSON. */
export const recordName = 'metrics.jsonl';

/** Where evaluations are kept. */
export interface Place {
  /** the file of finished ones, one in each line */
  readonly record: string;
  /** the folder of unfinished work */
  readonly work: string;
}

/**
 * Where the evaluations of a run, a model or a source are kept: in the folder of the run, else beside the file or folder, with its
 * name: `my-model.metrics.jsonl`.
 * @param path   the model file, the folder of the run, or a source of samples
 * @param folder keeps them instead, under the same name
 */
export function placeOf(path: string, folder?: string): Place {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const run = isFolder ? path : dirname(path);
  const isRun = existsSync(join(run, 'config.yaml')) && existsSync(join(run, 'data.json'));
  if (folder === undefined && isRun) return { record: join(run, recordName), work: run };
  const name = isRun ? basename(run) : basename(path, isFolder ? '' : extname(path));
  const work = folder ?? (existsSync(path) ? dirname(path) : '.');
  return { record: join(work, `${name}.${recordName}`), work };
}

/** Adds an evaluation to a file, flushed. @throws WriteError if the system refuses it */
export async function recordEvaluation(file: string, evaluation: Evaluation): Promise<void> {
  const folder = dirname(file);
  await change('make', folder, () => makeFolder(folder));
  const before = (await readText(file)) ?? '';
  const isCut = before !== '' && !before.endsWith('\n'); // a line that a killed process left
  appendLine(file, `${isCut ? '\n' : ''}${JSON.stringify(evaluation)}`);
  await flush(file);
}

/** The evaluations in a file, the oldest first. Lines that are cut short or of another kind are passed over. */
export async function readEvaluations(file: string): Promise<Evaluation[]> {
  return (await readLines(file)).flatMap((line) => {
    const found = line as Partial<Evaluation>;
    const isWhole = found.subject?.digest && found.protocol?.detector?.sha256 && Array.isArray(found.figures);
    if (!isWhole) return [];
    const evaluation = found as Evaluation;
    // A number that is not finite is null in JSON.
    const isNumber = ({ value, spread = 0 }: Figure) => Number.isFinite(value) && Number.isFinite(spread);
    return [{ ...evaluation, figures: evaluation.figures.filter(isNumber) }];
  });
}
