// @ts-check
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('../../packages/rin/dist/src/config/describe.js').Node & { required?: string[] }} Node */

const BIOME = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url));
const RIN = new URL('../../packages/rin/', import.meta.url);

/** The written file. Imports of editors and of the docs find the types there, because schemas have no comments on their keys. */
export const path = fileURLToPath(new URL('src/config/types.ts', RIN));

/** Names of the types of sections and choices, by key. */
const SECTIONS = { model: 'Model', diffusion: 'Diffusion', data: 'Data', training: 'Training', sampling: 'Sampling' };
const CHOICES = { schedule: 'Schedule', optimizer: 'Optimizer', decay: 'Decay', ema: 'Ema' };
const NAMES = /** @type {Record<string, string>} */ ({ ...SECTIONS, ...CHOICES });

/** The text of the file. @returns {Promise<string>} */
export async function configTypes() {
  const load = (/** @type {string} */ file) => import(new URL(`dist/src/${file}.js`, RIN).href);
  const [{ root }, { flags }, { presetNames }] = await Promise.all([
    load('config/describe'),
    load('cli/configuration/flags'),
    load('training/presets'),
  ]);
  /** @type {Map<string, string | undefined>} */
  const defaults = new Map(
    flags.map((/** @type {{ path: string, default?: string }} */ flag) => [flag.path, flag.default]),
  );
  const writer = new Writer(defaults);
  const presets = presetNames().map((/** @type {string} */ name) => `'${name}'`);
  const text = `// Written by \`npm run types\` from the schema. Do not change it by hand.
import type { Duration } from './duration.js';

/** Names of the presets. */
export type PresetName = ${presets.join(' | ')};
${writer.file(root)}`;
  return execFileSync(process.execPath, [BIOME, 'format', '--stdin-file-path=packages/rin/src/config/types.ts'], {
    input: text,
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    encoding: 'utf8',
  });
}

/** Writes each section and each choice twice: checked, with all keys, and as changes, in which every key may be left out. */
class Writer {
  #defaults;

  /** @param {Map<string, string | undefined>} defaults of the keys, as typed after a flag */
  constructor(defaults) {
    this.#defaults = defaults;
  }

  /** @param {Node} root */
  file(root) {
    const sections = Object.entries(SECTIONS).map(([key, name]) => ({ key, name, node: root.properties?.[key] ?? {} }));
    const choices = Object.entries(CHOICES).map(([key, name]) => {
      const { node } = sections.find((each) => each.node.properties?.[key]) ?? {};
      return { key, name, node: node?.properties?.[key] ?? {} };
    });
    const { size, patch } = root.properties?.model.properties ?? {};
    const parts = [
      '/** A checked configuration, with every default. `parseConfig` and `loadPreset` return it. */',
      `export interface Config ${this.#body(root, '', false)}`,
      '/** What a program changes of a preset. Keys that are left out keep the values of the preset. */',
      `export interface ConfigChanges ${this.#body(root, '', true)}`,
      '/** A configuration as a program writes it. Keys that are left out get their defaults. */',
      'export interface ConfigInput extends ConfigChanges { model: ModelInput }',
      '/** The `model` section as a program writes it. */',
      `export interface ModelInput extends ModelChanges { ${this.#key('size', { ...size }, 'model.', true, '')}\n${this.#key('patch', { ...patch }, 'model.', true, '')} }`,
      ...sections.flatMap(({ key, name, node }) => [
        `/** The \`${key}\` section: ${node.description}. */`,
        `export interface ${name}Config ${this.#body(node, `${key}.`, false)}`,
        `/** Changes of the \`${key}\` section. */`,
        `export interface ${name}Changes ${this.#body(node, `${key}.`, true)}`,
      ]),
      ...choices.flatMap(({ key, name, node }) => [
        `/** A checked \`${key}\`, by kind. */`,
        `export type ${name}Config = ${this.#kinds(node, false)};`,
        `/** A \`${key}\`, or changes of the keys of its kind. */`,
        `export type ${name}Changes = ${this.#kinds(node, true)};`,
      ]),
    ];
    return parts.map((part) => (part.startsWith('/**') ? `\n${part}` : part)).join('\n');
  }

  /** @param {Node} node @param {string} prefix @param {boolean} isChange */
  #body(node, prefix, isChange) {
    const keys = Object.entries(node.properties ?? {}).map(([key, child]) => {
      const isOptional = isChange || !node.required?.includes(key);
      return this.#key(key, child, prefix, isChange, isOptional ? '?' : '');
    });
    return `{\n${keys.join('\n')}\n}`;
  }

  /** @param {string} key @param {Node} node @param {string} prefix @param {boolean} isChange @param {string} mark */
  #key(key, node, prefix, isChange, mark) {
    const standard = this.#defaults.get(prefix + key);
    return `${this.#comment(node, standard)}${key}${mark}: ${this.#type(key, node, isChange)}${mark && ' | undefined'};`;
  }

  /** The sentence of the help. @param {Node} node @param {string | undefined} standard the default */
  #comment({ description, placeholder, ...node }, standard) {
    const notes = [
      placeholder?.startsWith('IMAGES') &&
        (placeholder === 'IMAGES' ? 'such as 5000, 200k or 1.5M' : 'images, or a share such as 2%'),
      rangeOf(node),
      standard !== undefined && `default: ${standard}`,
    ].filter((note) => typeof note === 'string');
    return `/** ${[description, ...notes.map((note) => `[${note}]`)].join(' ')} */\n`;
  }

  /** @param {Node} node @param {boolean} isChange */
  #kinds(node, isChange) {
    const options = (node.oneOf ?? []).map((option) => {
      const keys = Object.entries(option.properties ?? {}).map(([key, child]) => {
        if (key === 'kind') return `kind${isChange ? '?' : ''}: '${child.const}';`;
        const standard = child.default === undefined ? undefined : String(child.default);
        return `${this.#comment(child, standard)}${key}${isChange ? '?' : ''}: ${this.#type(key, child, isChange)};`;
      });
      return `{\n${keys.join('\n')}\n}`;
    });
    return options.map((option) => `| ${option}`).join('\n');
  }

  /** @param {string} key @param {Node} node @param {boolean} isChange @returns {string} */
  #type(key, node, isChange) {
    if (node.properties || node.oneOf) return `${NAMES[key]}${isChange ? 'Changes' : 'Config'}`;
    if (node.placeholder?.startsWith('IMAGES')) {
      if (isChange) return 'number | string';
      return node.placeholder === 'IMAGES' ? 'number' : 'Duration';
    }
    if (node.enum) return node.enum.map((word) => `'${word}'`).join(' | ');
    if (node.anyOf) return node.anyOf.map((each) => this.#type(key, each, isChange)).join(' | ');
    if (node.type === 'array') return `${isChange ? 'readonly ' : ''}${this.#type(key, node.items ?? {}, isChange)}[]`;
    return node.type === 'integer' ? 'number' : String(node.type);
  }
}

const { rangeOf } = await import(new URL('dist/src/config/describe.js', RIN).href);
