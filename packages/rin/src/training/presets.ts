import { readdirSync, readFileSync } from 'node:fs';
import { UsageError } from '@rin/core';
import { leaveClassesOpen } from '../config/checkedModel.js';
import type { Config } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { mergeConfig, parseConfig, valueAt } from '../config/parse.js';
import { fromYaml } from '../config/yaml.js';

const folder = new URL('../../../presets/', import.meta.url);

/** Names of the presets, in alphabetical order. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .flatMap((file) => (file.endsWith('.yaml') ? file.slice(0, -'.yaml'.length) : []))
    .sort();
}

/**
 * The configuration of a preset. `train` takes the number of classes from the data, unless the changes name `model.classes`.
 * @param changes values that override it, section by section: `{ training: { images: '200k' } }`
 * @throws UsageError if there is no such preset; it names the nearest
 * @throws ConfigError if the changes do not fit
 */
export function loadPreset(name: string, changes: unknown = {}): Config {
  const config = parseConfig(mergeConfig(fromYaml(presetText(name), name), changes), `preset ${name}`);
  if (valueAt(changes, 'model.classes') === undefined) leaveClassesOpen(config.model);
  return config;
}

/** The purpose of a preset in one line: the first line of its file. */
export const presetSummary = (name: string): string => presetText(name).split('\n')[0].replace(/^# */, '');

function presetText(name: string): string {
  const names = presetNames();
  if (names.includes(name)) return readFileSync(new URL(`${name}.yaml`, folder), 'utf8');
  const meant = nearest(name, names);
  throw new UsageError(
    `there is no preset ${name}; ${meant ? `did you mean ${meant}?` : `known presets: ${names.join(', ')}`}`,
  );
}
