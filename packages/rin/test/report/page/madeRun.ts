import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toYaml } from '../../../src/config/yaml.js';
import { imagesLabel, noCounters, saveCheckpoint } from '../../../src/runs/checkpoint.js';
import { freshFolder, tiny } from '../../training/tiny.js';

export interface MadeRun {
  readonly over?: object;
  readonly data?: object;
  readonly stats?: readonly object[];
  readonly timing?: readonly object[];
  readonly machine?: readonly object[];
  readonly log?: readonly string[];
  /** of its checkpoint; default: all of the run */
  readonly images?: number;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

const lines = (all: readonly object[]): string => all.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Writes the folder of a run by hand. */
export async function madeRun(name: string, made: MadeRun = {}): Promise<string> {
  const path = join(freshFolder(), name);
  const config = tiny(made.over);
  const { over: _, data, stats = [], timing = [], machine = [], log = [], images, files = {} } = made;
  mkdirSync(path);
  writeFileSync(join(path, 'config.yaml'), toYaml(config));
  const facts = { name: 'dots', fingerprint: 'f'.repeat(64), length: 12, classes: ['a', 'b'], skipped: [], ...data };
  writeFileSync(join(path, 'data.json'), JSON.stringify(facts));
  writeFileSync(join(path, 'stats.jsonl'), lines(stats));
  writeFileSync(join(path, 'timing.jsonl'), lines(timing));
  writeFileSync(join(path, 'machine.jsonl'), lines(machine));
  writeFileSync(join(path, 'log.txt'), log.map((line) => `2026-01-02T03:04:05.678Z ${line}\n`).join(''));
  writeFileSync(join(path, 'model.safetensors'), '');
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(path, file), bytes);
  const seen = images ?? config.training.images;
  await saveCheckpoint(path, imagesLabel(seen), { counters: { ...noCounters, images: seen }, parts: {} });
  return path;
}
