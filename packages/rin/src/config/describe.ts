import { z } from 'zod';
import { Config } from './config.js';

/** The part of a JSON schema node that rin reads. The schemas' `.meta()` adds `alias`, `placeholder` and `expected`. */
export interface Node {
  type?: string;
  properties?: Record<string, Node>;
  oneOf?: Node[];
  anyOf?: Node[];
  items?: Node;
  minItems?: number;
  maxItems?: number;
  enum?: string[];
  const?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  description?: string;
  default?: unknown;
  /** a short flag for a common key: `lr` for `--training.learningRate` */
  alias?: string;
  /** name of the flag's value in the help, if the type does not give it */
  placeholder?: string;
  /** the allowed values in words, if the type does not give them */
  expected?: string;
}

/** The schema of a whole configuration as plain data. All texts about a key come from it. */
export const root = z.toJSONSchema(Config, { io: 'output', unrepresentable: 'any' }) as Node;

export interface Leaf {
  /** dotted, as in `model.latents` */
  path: string;
  node: Node;
}

/** Every key that holds a value, in the order of the schema. A choice by `kind` is one value; its keys are `parts`. */
export const leaves: readonly Leaf[] = collect(root, '');

function collect(node: Node, path: string): Leaf[] {
  if (!node.properties) return [{ path, node }];
  return Object.entries(node.properties).flatMap(([key, child]) => collect(child, path ? `${path}.${key}` : key));
}

/** A key next to the `kind` of a choice: `diffusion.schedule.tau`. */
export interface Part extends Leaf {
  /** path of the choice: `diffusion.schedule` */
  choice: string;
  /** the kinds that have the key */
  kinds: string[];
  /** its default in each of these kinds */
  defaults: unknown[];
}

/** The keys next to each `kind`. If the kinds limit a key differently, its node has no limits. */
export const parts: readonly Part[] = leaves.flatMap(partsOf);

function partsOf({ path, node }: Leaf): Part[] {
  const options = node.oneOf ?? [];
  const keys = new Set(options.flatMap((option) => Object.keys(option.properties ?? {})));
  keys.delete('kind');
  return [...keys].map((key) => {
    const kinds = kindsOf(node).filter((kind) => child(node, key, { kind }));
    const nodes = kinds.flatMap((kind) => child(node, key, { kind }) ?? []);
    const [{ type, description }] = nodes;
    return {
      path: `${path}.${key}`,
      choice: path,
      kinds,
      node: new Set(nodes.map(rangeOf)).size === 1 ? nodes[0] : { type, description },
      defaults: nodes.map((each) => each.default),
    };
  });
}

/** Every key that a flag can set. */
export const keys: readonly (Leaf | Part)[] = [...leaves, ...parts];

/** The schema of `key` inside `node`. In a choice by `kind`, `value` names the alternative. */
export function child(node: Node, key: string, value: unknown): Node | undefined {
  const properties = alternative(node, value).properties;
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** The keys that `value` may have. */
export function keysOf(node: Node, value: unknown): string[] {
  return Object.keys(alternative(node, value).properties ?? {});
}

function alternative(node: Node, value: unknown): Node {
  const kind = isRecord(value) ? value.kind : undefined;
  return node.oneOf?.find((option) => option.properties?.kind?.const === kind) ?? node;
}

/** The allowed kinds of a choice by `kind`. */
export function kindsOf(node: Node): string[] {
  return node.oneOf?.flatMap((option) => option.properties?.kind?.const ?? []) ?? [];
}

/** `[1, 2, 3]` as `1, 2 or 3`. */
export function either(words: readonly (string | number)[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** The limits of a number in words, or undefined if it has none: `at least 1`, `above 0, at most 4`, `0 to 1`. */
export function rangeOf(node: Node): string | undefined {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = node;
  const top = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && top !== undefined) return `${minimum} to ${top}`;
  const limits = [
    minimum !== undefined && `at least ${minimum}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    top !== undefined && `at most ${top}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
  ].filter((limit) => typeof limit === 'string');
  return limits.length > 0 ? limits.join(', ') : undefined;
}

/** The allowed values, in words that end a sentence: `a whole number, at least 1`. */
export function expectation(node: Node): string {
  const range = rangeOf(node);
  return range === undefined ? kindOfValue(node) : `${kindOfValue(node)}, ${range}`;
}

function kindOfValue(node: Node): string {
  if (node.expected) return node.expected;
  if (node.enum) return either(node.enum);
  if (node.oneOf) return `{ kind: … } with kind ${either(kindsOf(node))}`;
  if (node.anyOf) return node.anyOf.map(expectation).join(', or ');
  if (node.properties) return `a section with keys such as ${Object.keys(node.properties).slice(0, 3).join(', ')}`;
  if (node.type === 'array') return listOf(node, node.items ?? {});
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'integer') return 'a whole number';
  return node.type === 'number' ? 'a number' : 'text';
}

function listOf({ minItems = 0, maxItems }: Node, items: Node): string {
  const count = maxItems === undefined ? '' : `${minItems} to ${maxItems} `;
  const what = items.type === 'integer' ? 'whole numbers' : 'values';
  const range = rangeOf(items);
  return `a list of ${count}${what}${range ? `, each ${range}` : ''}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
