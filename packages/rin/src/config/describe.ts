import { z } from 'zod';
import { Config } from './config.js';

/** What we read of a JSON schema node; the schemas' `.meta()` adds `alias`, `placeholder` and `expected`. */
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
  /** a short flag for what is typed daily: `lr` for `--training.learningRate` */
  alias?: string;
  /** what a flag's value is called in the help, where its type does not say it */
  placeholder?: string;
  /** what is allowed, in words, where the type does not say it */
  expected?: string;
}

/** The schema of a whole configuration as plain data. Everything that is said about a key is read from it. */
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

/** A key beside the `kind` of a choice: `diffusion.schedule.tau`. */
export interface Part extends Leaf {
  /** path of the choice: `diffusion.schedule` */
  choice: string;
  /** the kinds that have the key */
  kinds: string[];
  /** the default of each of them */
  defaults: unknown[];
}

/** The keys beside each `kind`. A limit that does not hold for all kinds of a key is not told in its node. */
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

/** Every key that can be set by itself. */
export const keys: readonly (Leaf | Part)[] = [...leaves, ...parts];

/** The schema of `key` inside `node`; of a choice by `kind`, the alternative that `value` names. */
export function child(node: Node, key: string, value: unknown): Node | undefined {
  const properties = alternative(node, value).properties;
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** The keys that may stand beside each other in `value`. */
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

/** The limits of a number in words, or undefined: `at least 1`, `above 0, at most 4`, `0 to 1`. */
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

/** What a value may be, in words that end a sentence: `a whole number, at least 1`. */
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
