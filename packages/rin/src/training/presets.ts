import { readdirSync, readFileSync } from 'node:fs';
import { UsageError } from '@rin/core';
import { leaveClassesOpen } from '../config/checkedModel.js';
import type { Config } from '../config/config.js';
import { nearest } from '../config/nearest.js';
import { mergeConfig, parseConfig, valueAt } from '../config/parse.js';
import type { ConfigChanges, PresetName } from '../config/types.js';
import { fromYaml } from '../config/yaml.js';

const folder = new URL('../../../presets/', import.meta.url);

/** Names of the presets, in alphabetical order. */
export function presetNames(): PresetName[] {
  const names = readdirSync(folder)
    .flatMap((file) => (file.endsWith('.yaml') ? file.slice(0, -'.yaml'.length) : []))
    .sort();
  return names as PresetName[]; // `npm run types` writes the type from this list
}

/** The preset of a name that a user typed. @throws UsageError if there is none; it names the nearest */
export function presetNamed(name: string): PresetName {
  const names = presetNames();
  const found = names.find((known) => known === name);
  if (found !== undefined) return found;
  const meant = nearest(name, names);
  throw new UsageError(
    `there is no preset ${name}; ${meant ? `did you mean ${meant}?` : `known presets: ${names.join(', ')}`}`,
  );
}

/**
 * The configuration of a preset. `train` takes the number of classes from the data, unless the changes name `model.classes`.
 * @param changes values that override it, section by section: `{ training: { images: '200k' } }`
 * @throws UsageError if there is no such preset; it names the nearest
 * @throws ConfigError if the changes do not fit
 */
export function loadPreset(name: PresetName, changes: ConfigChanges = {}): Config {
  const config = parseConfig(mergeConfig(fromYaml(presetText(name), name), changes), `preset ${name}`);
  if (valueAt(changes, 'model.classes') === undefined) leaveClassesOpen(config.model);
  return config;
}

/** The purpose of a preset in one line: the first line of its file. */
export const presetSummary = (name: PresetName): string => presetText(name).split('\n')[0].replace(/^# */, '');

const presetText = (name: PresetName): string => readFileSync(new URL(`${presetNamed(name)}.yaml`, folder), 'utf8');
