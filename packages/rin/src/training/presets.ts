import { readdirSync, readFileSync } from 'node:fs';
import { UsageError } from '@rin/core';
import type { Config } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { mergeConfig, parseConfig } from '../config/parse.js';
import { fromYaml } from '../config/yaml.js';

const folder = new URL('../../../presets/', import.meta.url);

/** Names of the configurations that come with rin, in alphabetical order. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .flatMap((file) => (file.endsWith('.yaml') ? file.slice(0, -'.yaml'.length) : []))
    .sort();
}

/**
 * The configuration of a preset.
 * @param changes laid over it, section by section: `{ training: { images: '200k' } }`
 * @throws {UsageError} where there is no such preset, naming the nearest
 * @throws {ConfigError} where the changes do not fit
 */
export function loadPreset(name: string, changes: unknown = {}): Config {
  return parseConfig(mergeConfig(fromYaml(presetText(name), name), changes), `preset ${name}`);
}

/** What a preset is for, in one line: the first one of its file. */
export const presetSummary = (name: string): string => presetText(name).split('\n')[0].replace(/^# */, '');

function presetText(name: string): string {
  const names = presetNames();
  if (names.includes(name)) return readFileSync(new URL(`${name}.yaml`, folder), 'utf8');
  const meant = nearest(name, names);
  throw new UsageError(
    `there is no preset ${name}; ${meant ? `did you mean ${meant}?` : `there are ${names.join(', ')}`}`,
  );
}
