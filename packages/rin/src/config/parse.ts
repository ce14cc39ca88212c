import { ConfigError } from '@rin/core';
import type { z } from 'zod';
import { areClassesOpen, leaveClassesOpen, noteChecked } from './checkedModel.js';
import { checks } from './checks.js';
import { Config } from './config.js';
import { child, either, expectation, isRecord, keys, keysOf, kindsOf, type Node, root } from './describe.js';
import { excess } from './limits.js';
import { nearest } from './nearest.js';
import type { ConfigInput } from './types.js';

/** A value whose type says nothing, as those of `fromYaml` and `mergeConfig`; any other value must be a `ConfigInput`. */
export type Unchecked<T> = unknown extends T ? T : ConfigInput;

/**
 * The configuration that `value` (parsed YAML or JSON) describes, with every default filled in.
 * @param where source of the value, at the start of each message: a file name, or "command line"
 * @throws ConfigError with one line for each problem: the key, its value, the allowed values
 */
export function parseConfig(value: ConfigInput, where: string): Config;
export function parseConfig<T>(value: Unchecked<T>, where: string): Config;
export function parseConfig(value: unknown, where: string): Config {
  const tooMuch = excess(value);
  if (tooMuch !== undefined) throw new ConfigError(`${where}: ${tooMuch}, which no configuration needs`);
  const { data, error } = Config.safeParse(value);
  const problems = new Set(
    error ? error.issues.slice(0, mostIssues).flatMap((issue) => sentences(issue, value)) : checks(data),
  );
  if (!data || problems.size > 0) throw new ConfigError([...problems].map((each) => `${where}: ${each}`).join('\n'));
  noteChecked(data.model);
  const model = valueAt(value, 'model');
  if (areClassesOpen(model) || valueAt(model, 'classes') === undefined) leaveClassesOpen(data.model);
  return data;
}

/** Most problems in a message. A list of thousands of wrong values has one problem for each value. */
const mostIssues = 100;

/**
 * Lays an unchecked configuration over another. Sections are merged key by key; any other value of `over` replaces the value
 * of `base`. A choice by `kind` keeps its other keys only if the kind stays the same, because they belong to the kind. If nobody
 * chose the number of classes in `base`, it stays open unless `over` names it.
 */
export function mergeConfig(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return over;
  if (over.kind !== undefined && over.kind !== base.kind) return over;
  const merged = Object.entries(over).map(([key, value]) => [
    key,
    Object.hasOwn(base, key) ? mergeConfig(base[key], value) : value,
  ]);
  const result = { ...base, ...Object.fromEntries(merged) };
  if (areClassesOpen(base) && over.classes === undefined) leaveClassesOpen(result);
  return result;
}

/** The value of an unchecked configuration at a dotted path; undefined if there is none. */
export function valueAt(config: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], config);
}

/** The path of the known key that a misspelt or misplaced `path` most likely means, or undefined. */
export function nearestKey(path: string): string | undefined {
  const dot = path.lastIndexOf('.') + 1;
  const [section, key] = [path.slice(0, dot), path.slice(dot)];
  const last = (leaf: string) => leaf.slice(leaf.lastIndexOf('.') + 1);
  const paths = keys.map((leaf) => leaf.path);
  const elsewhere = keys.find((leaf) => last(leaf.path) === key || leaf.node.alias === key)?.path;
  if (elsewhere) return elsewhere;
  const siblings = paths.filter((leaf) => leaf.startsWith(section)).map((leaf) => leaf.slice(dot).split('.')[0]);
  const sibling = nearest(key, siblings);
  if (sibling) return section + sibling;
  const name = nearest(key, paths.map(last));
  return paths.find((leaf) => last(leaf) === name) ?? nearest(path, paths);
}

function sentences(issue: z.core.$ZodIssue, input: unknown): string[] {
  let node = root;
  let value = input;
  let path = '';
  for (const key of issue.path.map(String)) {
    const inner = child(node, key, value);
    if (!inner && !(node.oneOf && key === 'kind')) break;
    value = isRecord(value) ? value[key] : undefined;
    path = path ? `${path}.${key}` : key;
    node = inner ?? { enum: kindsOf(node) };
  }
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, node, value));
  if (path === '') return [`found ${show(value)}; expected ${expectation(node)}`];
  if (value === undefined) return [`${path} is missing; expected ${expectation(node)}`];
  const meant = typeof value === 'string' && node.enum ? nearest(value, node.enum) : undefined;
  return [`${path} is ${show(value)}; expected ${expectation(node)}${meant ? `; did you mean ${meant}?` : ''}`];
}

function unknownKey(key: string, path: string, node: Node, value: unknown): string {
  const full = path ? `${path}.${key}` : key;
  const known = keysOf(node, value);
  const elsewhere = kindsOf(node).filter((kind) => child(node, key, { kind }));
  if (elsewhere.length > 0) {
    return `${full} is a key of ${either(elsewhere)}, not of ${valueAt(value, 'kind')}; known here: ${known.join(', ')}`;
  }
  const sibling = nearest(key, known);
  // Only the keys of this kind are allowed, but `nearestKey` knows the keys of every kind.
  const meant = node.oneOf ? sibling && `${path}.${sibling}` : nearestKey(full);
  return `${full} is not a known key; ${meant ? `did you mean ${meant}?` : `known here: ${known.join(', ')}`}`;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
