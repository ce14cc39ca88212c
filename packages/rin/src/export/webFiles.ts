import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { EngineName } from '@rin/web';
import { unreadable } from '../disk/systemError.js';

/** The folder of a module of another package. @param within from its main file */
const folderOf = (module: string, within: string): string =>
  join(dirname(fileURLToPath(import.meta.resolve(module))), within);

/** Files of the page, which `npm run build` makes. */
const page = folderOf('@rin/web', '../page');

/** Files of ONNX Runtime. */
const runtime = folderOf('onnxruntime-web/wasm', '.');

/**
 * The files of each engine: its script, and its WebAssembly. The one of WebGPU needs a browser with JSPI. The scripts are
 * copied as `.js`, because some hosts do not know what `.mjs` is.
 */
export const engineFiles: Readonly<Record<EngineName, { readonly script: string; readonly binary: string }>> = {
  webgpu: { script: 'ort.jspi.bundle.min.mjs', binary: 'ort-wasm-simd-threaded.jspi.wasm' },
  wasm: { script: 'ort.wasm.bundle.min.mjs', binary: 'ort-wasm-simd-threaded.wasm' },
};

/** Where a file of an engine is in the exported folder. */
export const engineName = (file: string): string => `engine/${file.replace(/\.mjs$/, '.js')}`;

/** A file of the exported folder. */
export interface WebFile {
  /** relative to the folder */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const read = async (name: string, path: string): Promise<WebFile> => ({
  name,
  bytes: await readFile(path).catch((error) => {
    throw unreadable(error, path);
  }),
});

/** The bytes of an engine, and what a server sends that compresses (gzip). @throws RinError if a file cannot be read */
export async function engineSize(name: EngineName): Promise<{ readonly bytes: number; readonly compressed: number }> {
  const files = Object.values(engineFiles[name]).map((each) => read(each, join(runtime, each)));
  const all = (await Promise.all(files)).map(({ bytes }) => bytes);
  const sum = (parts: readonly Uint8Array[]): number => parts.reduce((total, { length }) => total + length, 0);
  return { bytes: sum(all), compressed: sum(await Promise.all(all.map((bytes) => promisify(gzip)(bytes)))) };
}

/** The files of the engines, with their licence. @throws RinError if one cannot be read */
export const readEngines = (): Promise<WebFile[]> =>
  Promise.all([
    read('engine/LICENSE.txt', join(page, 'LICENSE.txt')),
    ...Object.values(engineFiles)
      .flatMap(({ script, binary }) => [script, binary])
      .map((name) => read(engineName(name), join(runtime, name))),
  ]);

/**
 * The files of the page.
 * @param words  what stands for `{{name}}` and so on in its text
 * @throws RinError if one cannot be read
 */
export async function readPage(words: Readonly<Record<string, string>>): Promise<WebFile[]> {
  const names = ['index.html', 'page.css', 'page.js', 'worker.js'];
  const files = await Promise.all(names.map((name) => read(name, join(page, name))));
  return files.map((file) => (basename(file.name) === 'index.html' ? filled(file, words) : file));
}

function filled({ name, bytes }: WebFile, words: Readonly<Record<string, string>>): WebFile {
  const text = Buffer.from(bytes)
    .toString()
    .replace(/\{\{(\w+)\}\}/g, (_, word: string) => escaped(words[word]));
  return { name, bytes: Buffer.from(text) };
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
