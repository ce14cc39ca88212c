import { join } from 'node:path';
import { readText } from '../disk/wholeFiles.js';

/** A line of stats.jsonl. */
export interface StatsLine {
  readonly images: number;
  readonly loss: number;
  readonly validationLoss?: number;
}

/** A line of stats.jsonl with all its values. It depends only on configuration, data and seed. */
export interface Stats extends StatsLine {
  readonly updates: number;
  /** mean over the updates since the previous line, like `loss` */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** A line of timing.jsonl. */
export interface Timing {
  readonly images: number;
  /** ISO 8601, UTC */
  readonly time: string;
  /** seconds of training since the start of the run */
  readonly seconds: number;
  readonly imagesPerSecond: number | null;
  /** resident memory of the process in bytes */
  readonly memory: number;
}

/** A line of machine.jsonl: what a stretch of the run was trained on. */
export interface Machine {
  /** images seen at its start */
  readonly images: number;
  /** ISO 8601, UTC */
  readonly time: string;
  /** name of the processor */
  readonly processor: string;
  /** logical processors that the process may use */
  readonly processors: number;
  /** bytes */
  readonly memory: number;
  /** threads of libtorch on the CPU */
  readonly threads: number;
  /** the widest vector instructions that libtorch uses */
  readonly instructions: string;
  readonly device: string;
  readonly dtype: string;
  readonly libtorch: string;
  readonly node: string;
}

/** A line as it is read. A line that was not written by this version may lack values. */
export type StatsRead = StatsLine & Partial<Stats>;
export type TimingRead = Pick<Timing, 'images'> & Partial<Timing>;
export type MachineRead = Pick<Machine, 'images'> & Partial<Machine>;

/** A line of stats.jsonl with figures of new samples, such as `KID-EffNetLite0`. */
export interface FiguresRead {
  readonly images: number;
  readonly figures: Readonly<Record<string, number>>;
  /** samples that were evaluated */
  readonly evaluated?: number;
  /** SHA-256 of the detector */
  readonly detector?: string;
}

/** What stats.jsonl says. */
export interface StatsFile {
  /** the lines that have images and a loss */
  readonly losses: readonly StatsRead[];
  /** the lines that have images and figures */
  readonly figures: readonly FiguresRead[];
}

/** Reads stats.jsonl, once for both kinds of lines, because it may grow meanwhile. @param run its folder */
export async function readStats(run: string): Promise<StatsFile> {
  const lines = await readLines(join(run, 'stats.jsonl'));
  return { losses: lines.flatMap(lossIn), figures: lines.flatMap(figuresIn) };
}

function lossIn(line: Record<string, unknown>): StatsRead[] {
  const { images, loss, validationLoss, updates, gradientNorm, learningRate } = line;
  if (typeof images !== 'number' || typeof loss !== 'number') return [];
  return [{ images, loss, ...numbersOf({ validationLoss, updates, gradientNorm, learningRate }) }];
}

function figuresIn({ images, figures, evaluated, detector }: Record<string, unknown>): FiguresRead[] {
  if (typeof images !== 'number' || typeof figures !== 'object' || figures === null) return [];
  const numbers = numbersOf(figures as Record<string, unknown>) as Record<string, number>;
  return [{ images, figures: numbers, ...numbersOf({ evaluated }), ...textsOf({ detector }) }];
}

/** The lines of timing.jsonl that have images. @param run its folder */
export async function readTiming(run: string): Promise<TimingRead[]> {
  return (await readLines(join(run, 'timing.jsonl'))).flatMap(({ images, time, seconds, imagesPerSecond, memory }) => {
    if (typeof images !== 'number') return [];
    return [{ images, ...(isTime(time) && { time }), ...numbersOf({ seconds, imagesPerSecond, memory }) }];
  });
}

const isTime = (time: unknown): time is string => typeof time === 'string' && !Number.isNaN(Date.parse(time));

/** The lines of machine.jsonl that have images. @param run its folder */
export async function readMachines(run: string): Promise<MachineRead[]> {
  return (await readLines(join(run, 'machine.jsonl'))).flatMap((line) => {
    const { images, time, processor, instructions, device, dtype, libtorch, node } = line;
    if (typeof images !== 'number') return [];
    const { processors, memory, threads } = line;
    const texts = textsOf({ processor, instructions, device, dtype, libtorch, node });
    return [{ images, ...(isTime(time) && { time }), ...texts, ...numbersOf({ processors, memory, threads }) }];
  });
}

/** The objects of a file of JSON lines. A line cut short by a killed process is skipped. A missing file has none. */
export async function readLines(path: string): Promise<Record<string, unknown>[]> {
  return ((await readText(path)) ?? '').split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}

const numbersOf = <Key extends string>(values: Readonly<Record<Key, unknown>>) =>
  only(values, (value): value is number => typeof value === 'number');

const textsOf = <Key extends string>(values: Readonly<Record<Key, unknown>>) =>
  only(values, (value): value is string => typeof value === 'string');

/** The values of a kind. */
function only<Key extends string, Value>(
  values: Readonly<Record<Key, unknown>>,
  isOf: (value: unknown) => value is Value,
): { readonly [K in Key]?: Value } {
  const found: { [K in Key]?: Value } = {};
  for (const key of Object.keys(values) as Key[]) {
    const value = values[key];
    if (isOf(value)) found[key] = value;
  }
  return found;
}
