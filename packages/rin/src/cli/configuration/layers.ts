import { closeSync, openSync, readSync } from 'node:fs';
import { ConfigError, UsageError } from '@rin/core';
import type { Config } from '../../config/config.js';
import { isRecord } from '../../config/describe.js';
import { longestText } from '../../config/limits.js';
import { mergeConfig, parseConfig, valueAt } from '../../config/parse.js';
import { fromYaml } from '../../config/yaml.js';
import { systemCode, whyNot } from '../../disk/systemError.js';
import { loadPreset, presetNamed } from '../../training/presets.js';
import type { Given } from '../terminal/command.js';
import { flags, setFlag } from './flags.js';

/** A part of the configuration, unchecked. */
export interface Layer {
  readonly from: 'preset' | 'file' | 'flags' | 'data';
  /** its name in messages */
  readonly name: string;
  readonly value: unknown;
}

/** The preset if neither a preset, a file, an initial model nor data are given. */
const defaultPreset = 'emoji-64';

/**
 * The layers of a configuration: preset, file, flags. Later layers override earlier ones.
 * @param base replaces the preset if none is given
 * @throws RinError if there is no such preset or file, or if it cannot be read
 */
export function readLayers(given: Given, base?: Layer): Layer[] {
  const file = given.text('--config');
  const preset = given.text('--preset') ?? (file === undefined && !base ? defaultPreset : undefined);
  const layers: Layer[] = base ? [base] : [];
  if (preset !== undefined)
    layers.push({ from: 'preset', name: `preset ${preset}`, value: loadPreset(presetNamed(preset)) });
  if (file !== undefined) layers.push({ from: 'file', name: file, value: readConfigFile(file) });
  const values = flags.flatMap(({ path, flag }) => {
    const text = given.text(flag);
    return text === undefined ? [] : [[path, text] as const];
  });
  const below = merged(layers);
  const typed = values.reduce<unknown>((value, [path, text]) => setFlag(value, path, text, below), {});
  return [...layers, { from: 'flags', name: 'command line', value: typed }];
}

/** The layers as one value, unchecked. */
export const merged = (layers: readonly Layer[]): unknown =>
  layers.reduce<unknown>((base, { value }) => mergeConfig(base, value), {});

/**
 * The configuration that the layers describe. An error has one line for each problem, which begins with the name of the layer
 * that sets the key.
 * @throws UsageError if all problems are in flags
 * @throws ConfigError if another layer has a problem
 */
export function resolveConfig(layers: readonly Layer[]): Config {
  const anywhere = '\0';
  try {
    return parseConfig(merged(layers), anywhere);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const sentences = error.message.split('\n').map((line) => line.slice(`${anywhere}: `.length));
    const origins = sentences.map((sentence) => originOf(sentence.split(' ')[0], layers));
    const text = sentences.map((sentence, i) => `${origins[i].name}: ${sentence}`).join('\n');
    throw origins.every(({ from }) => from === 'flags') ? new UsageError(text) : new ConfigError(text);
  }
}

/** The last layer that sets a key. For a missing key, the file or the first layer; for the whole, the last layer that sets any. */
function originOf(path: string, layers: readonly Layer[]): Layer {
  if (path === 'it')
    return layers.findLast(({ value }) => isRecord(value) && Object.keys(value).length > 0) ?? layers[0];
  const deciding = layers.findLast(({ value }) => valueAt(value, path) !== undefined);
  return deciding ?? layers.findLast(({ from }) => from === 'file') ?? layers[0];
}

/** The value of a YAML file, unchecked. @throws ConfigError if it cannot be read, or has no keys */
export function readConfigFile(path: string): unknown {
  const value = fromYaml(readText(path), path);
  if (isRecord(value)) return value;
  throw new ConfigError(`${path}: it has no keys; expected a configuration in YAML, such as the config.yaml of a run`);
}

/** The text of a file; of a longer text, and of a device without end, as much as is enough to refuse it. */
function readText(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      return readStart(fd, 4 * (longestText + 1)).toString(); // a character has up to 4 bytes
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new ConfigError(`${path}: there is no such configuration file`);
    const reason = whyNot(error);
    throw reason ? new ConfigError(`cannot read ${path}: ${reason}`) : error;
  }
}

function readStart(fd: number, most: number): Buffer {
  const bytes = Buffer.alloc(most);
  let filled = 0;
  for (let count = 1; count > 0 && filled < most; filled += count)
    count = readSync(fd, bytes, filled, most - filled, null);
  return bytes.subarray(0, filled);
}
