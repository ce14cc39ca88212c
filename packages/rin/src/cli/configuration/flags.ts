import { UsageError } from '@rin/core';
import { stringify } from 'yaml';
import { Config } from '../../config/config.js';
import { keys, kindsOf, type Leaf, leaves, type Node, type Part, parts, rangeOf } from '../../config/describe.js';
import { nearest } from '../../config/nearest.js';
import { mergeConfig, nearestKey, valueAt } from '../../config/parse.js';
import { parsed } from '../../config/yaml.js';

/** A key of the configuration as a command-line flag, with the texts of its help. */
export interface Flag {
  /** dotted path of the key: `model.latents` */
  path: string;
  /** `--model.latents` */
  flag: string;
  /** a shorter flag for the same key: `--lr` */
  alias?: string;
  /** name of the value: `N`, `ddim|ddpm`, `IMAGES` */
  placeholder: string;
  /** the allowed words, if the value is one of a few words */
  choices?: string[];
  /** the limits of a number in words: `at least 1` */
  range?: string;
  /** the default, as typed; absent if there is none or if it depends on the `kind` */
  default?: string;
  /** for a key next to a `kind`: the kinds that have it */
  kinds?: string[];
  /** whether a configuration must have the key */
  required: boolean;
  description: string;
}

const required = ['model.size', 'model.patch'];
const defaults: unknown = Config.parse({ model: { size: 1, patch: 1 } });

/** Every key as a flag, in the order of the schema: section by section, and each choice before its keys. */
export const flags: readonly Flag[] = leaves.flatMap((leaf) => [
  toFlag(leaf),
  ...parts.filter(({ choice }) => choice === leaf.path).map((part) => ({ ...toFlag(part), kinds: part.kinds })),
]);

function toFlag(key: Leaf | Part): Flag {
  const { path, node } = key;
  const isRequired = required.includes(path);
  const value = isRequired ? undefined : commonDefault(key);
  return {
    path,
    flag: `--${path}`,
    ...(node.alias && { alias: `--${node.alias}` }),
    placeholder: placeholderOf(node),
    ...(node.enum && { choices: node.enum }),
    ...(rangeOf(node) && { range: rangeOf(node) }),
    ...(value !== undefined && { default: asTyped(value) }),
    required: isRequired,
    description: node.description ?? '',
  };
}

/** The default of a key. A key next to a `kind` has one only if all its kinds and the default of the choice agree. */
function commonDefault(key: Leaf | Part): unknown {
  const value = valueAt(defaults, key.path);
  if (!('choice' in key)) return value;
  const different = new Set(value === undefined ? key.defaults : [value, ...key.defaults]);
  return different.size === 1 ? key.defaults[0] : undefined;
}

/**
 * The configuration with one key set from the text of a flag. Keys of type text take the text unchanged. All other keys take
 * YAML, so `[4, 4]` is a list. A choice by `kind` also takes the kind alone (`cosine`). A key next to a `kind` changes the
 * choice that is set already, or the default.
 * @param path dotted path or alias, without dashes in front
 * @param below the configuration that the result overrides
 * @throws UsageError if there is no such key (it names the nearest), or if the text is not YAML
 */
export function setFlag(config: unknown, path: string, text: string, below: unknown = {}): unknown {
  const key = keys.find((candidate) => candidate.path === path || candidate.node.alias === path);
  if (!key) {
    const meant = nearestFlag(path);
    throw new UsageError(`--${path} is not a known flag${meant ? `; did you mean ${meant}?` : ''}`);
  }
  const isFirst = 'choice' in key && valueAt(mergeConfig(below, config), key.choice) === undefined;
  const start = isFirst ? mergeConfig(config, nested(key.choice, valueAt(defaults, key.choice))) : config;
  return mergeConfig(start, nested(key.path, fromText(key, text)));
}

const nested = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);

/** The flag or alias that a misspelt flag most likely means, with its dashes, or undefined. */
export function nearestFlag(path: string): string | undefined {
  const alias = nearest(
    path,
    flags.flatMap((flag) => flag.alias?.slice(2) ?? []),
  );
  const key = alias ?? nearestKey(path);
  return key && keys.some((known) => known.path === key || known.node.alias === key) ? `--${key}` : undefined;
}

function fromText({ path, node }: Leaf, text: string): unknown {
  if (node.type === 'string') return text;
  const isBareList = /^\d+( *, *\d+)+$/.test(text); // 16,32,32 as [16,32,32]
  const value = parsed(
    isBareList ? `[${text}]` : text,
    (problem) => new UsageError(`--${path} ${JSON.stringify(text)} is not valid YAML: ${problem}`),
  );
  return node.oneOf && typeof value === 'string' ? { kind: value } : value;
}

function placeholderOf(node: Node): string {
  if (node.placeholder) return node.placeholder;
  if (node.enum) return node.enum.join('|');
  if (node.oneOf) return `${kindsOf(node).join('|')}|{…}`;
  if (node.anyOf) return node.anyOf.map(placeholderOf).join('|');
  if (node.type === 'boolean') return 'true|false';
  if (node.type === 'array') return '[N, …]';
  return node.type === 'integer' ? 'N' : node.type === 'number' ? 'X' : 'TEXT';
}

/** A value as typed after a flag. */
function asTyped(value: unknown): string {
  if (typeof value === 'string') return value;
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}
