import { type Dtype, dtypeWidth } from './dtype.js';
import { TorchError } from './errors.js';

/** One tensor of a safetensors file. `start` and `end` are byte offsets into the data that follow the header. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** The header of a safetensors file. */
export interface SafetensorsHeader {
  /** In the order of the header; names that are whole numbers come first. */
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

const dtypeOf: Readonly<Record<string, Dtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};
const nameOf = new Map(Object.entries(dtypeOf).map(([name, dtype]) => [dtype, name]));

const metadataKey = '__metadata__';
const damaged = 'the file is damaged or no safetensors file: download or write it again';

/** The largest header that is read, as in the format's reference implementation. */
export const maxHeaderLength = 100_000_000;

// Limits that JSON.parse handles within 1 GB and some seconds. 500,000 tensors have 2 million keys, and 1.5 million lists and
// objects.
const maxDepth = 8;
const maxKeys = 2_000_000;
const maxLists = 2_000_000;
const maxValues = 16_000_000;
/** libtorch's own limit. */
const maxDimensions = 64;

/**
 * Parses and checks a header: every tensor's size fits its shape, and the tensors fill the data without gap or overlap.
 * @param bytes       the header, without the 8 bytes of its length
 * @param dataLength  number of bytes after the header
 * @param path        for errors
 * @throws TorchError if a check fails; the message begins with the path
 */
export function parseHeader(bytes: Uint8Array, dataLength: number, path: string): SafetensorsHeader {
  const fail = (what: string): never => {
    throw new TorchError(`${path}: ${what}; ${damaged}`);
  };
  const header = parseObject(bytes, fail);
  let metadata: Record<string, string> = {};
  const entries: SafetensorsEntry[] = [];
  for (const name of Object.keys(header)) {
    const value = header[name];
    if (name === '__proto__') fail('a tensor has the name __proto__');
    if (name === metadataKey) {
      metadata = isStrings(value) ? value : fail(`${metadataKey} is not an object of strings`);
    } else entries.push(parseEntry(name, value, fail));
  }
  let at = 0;
  let before = 'the start of the data';
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at) fail(`${name} overlaps ${before}`);
    if (start > at) fail(`${start - at} bytes between ${before} and ${name} belong to no tensor`);
    if (end > dataLength) fail(`${name} ends at byte ${end}, but there are ${dataLength} bytes of data`);
    at = end;
    before = name;
  }
  if (at < dataLength) fail(`${dataLength - at} bytes after ${before} belong to no tensor`);
  return { entries, metadata };
}

/**
 * Makes a header and assigns offsets to the tensors. Wide dtypes come first, so that every tensor is aligned.
 * @returns the header with its 8 bytes of length, and the entries in the order of the data
 * @throws TorchError if the format cannot hold a name, a dtype or the metadata
 */
export function formatHeader(
  tensors: readonly Pick<SafetensorsEntry, 'name' | 'dtype' | 'shape'>[],
  metadata: Readonly<Record<string, string>>,
): { bytes: Uint8Array; entries: SafetensorsEntry[] } {
  const header: Record<string, unknown> = {};
  if (!isStrings(metadata)) throw new TorchError('metadata must be an object of strings');
  if (Object.keys(metadata).length > 0) header[metadataKey] = metadata;
  const placed = new Map<string, SafetensorsEntry>();
  let at = 0;
  for (const { name, dtype, shape } of tensors.toSorted((a, b) => dtypeWidth(b.dtype) - dtypeWidth(a.dtype))) {
    if (name === metadataKey || name === '__proto__') throw new TorchError(`a tensor cannot have the name ${name}`);
    if (/\p{Surrogate}/u.test(name))
      throw new TorchError(`${JSON.stringify(name)}: half a surrogate pair; a name must be Unicode text`);
    if (!nameOf.has(dtype)) throw new TorchError(`${name}: ${dtype} cannot be written to a safetensors file`);
    const entry = { name, dtype, shape, start: at, end: at + byteLength(dtype, shape) };
    placed.set(name, entry);
    at = entry.end;
  }
  for (const { name } of tensors) {
    const { dtype, shape, start, end } = placed.get(name) as SafetensorsEntry;
    header[name] = { dtype: nameOf.get(dtype), shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return { bytes, entries: [...placed.values()] };
}

type Fail = (what: string) => never;

const byteLength = (dtype: Dtype, shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, dtypeWidth(dtype));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): value is Record<string, string> =>
  isObject(value) &&
  !Object.hasOwn(value, '__proto__') &&
  Object.values(value).every((text) => typeof text === 'string');

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/**
 * Refuses a header that would take all memory when it is parsed, such as a list nested a million times. It needs no memory
 * itself: it counts the punctuation of JSON outside of strings.
 */
function checkExtent(bytes: Uint8Array, fail: Fail): void {
  let [depth, keys, lists, values] = [0, 0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case sign.quote:
        at = closingQuote(bytes, at);
        break;
      case sign.openList:
      case sign.openObject:
        lists++;
        if (++depth > maxDepth) fail(`its header is nested more than ${maxDepth} levels deep`);
        break;
      case sign.closeList:
      case sign.closeObject:
        depth--;
        break;
      case sign.colon:
        keys++;
        break;
      case sign.comma:
        values++;
        break;
    }
    if (keys > maxKeys) fail(`its header has more than ${maxKeys} keys`);
    if (lists > maxLists) fail(`its header has more than ${maxLists} lists and objects`);
    if (values > maxValues) fail(`its header has more than ${maxValues} values`);
  }
}

const signs = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
const [quote, backslash, openList, closeList, openObject, closeObject, colon, comma] = signs('"\\[]{}:,');
const sign = { quote, openList, closeList, openObject, closeObject, colon, comma };

// Index of the quote that closes the string at `start`; at least the length if it is not closed.
function closingQuote(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

function parseObject(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  checkExtent(bytes, fail);
  let header: unknown;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    fail('its header is not JSON');
  }
  if (!isObject(header)) return fail('its header is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) fail(`its header has ${twice} twice`);
  return header;
}

// JSON.parse keeps the last of two equal keys without an error.
function repeatedKey(json: string): string | null {
  const open: Set<string>[] = [];
  const token = /["{}]/g;
  const colon = /\s*:/y;
  for (let found = token.exec(json); found; found = token.exec(json)) {
    if (found[0] === '{') open.push(new Set());
    else if (found[0] === '}') open.pop();
    else {
      const end = endOfString(json, found.index);
      token.lastIndex = end;
      colon.lastIndex = end;
      if (!colon.test(json)) continue;
      const key = JSON.parse(json.slice(found.index, end)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return null;
}

// Index after the closing quote. A regular expression for whole strings overflows the stack at millions of escapes.
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

/** A value as JSON, shortened to about 100 characters. */
function shown(value: unknown): string {
  const text = JSON.stringify(Array.isArray(value) ? value.slice(0, 10) : value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function parseEntry(name: string, value: unknown, fail: Fail): SafetensorsEntry {
  if (!isObject(value)) return fail(`${name} is not described by an object`);
  const { dtype: code, shape, data_offsets: offsets } = value;
  if (typeof code !== 'string' || !Object.hasOwn(dtypeOf, code)) {
    return fail(`${name} has the type ${shown(code)}, which is not one of ${Object.keys(dtypeOf).join(', ')}`);
  }
  if (!isSizes(shape)) return fail(`${name} has the invalid shape ${shown(shape)}`);
  if (shape.length > maxDimensions) return fail(`${name} has ${shape.length} dimensions, more than ${maxDimensions}`);
  if (!isSizes(offsets) || offsets.length !== 2) return fail(`${name} has the invalid offsets ${shown(offsets)}`);
  const [dtype, [start, end]] = [dtypeOf[code], offsets];
  if (end - start !== byteLength(dtype, shape)) {
    return fail(
      `${name} has ${end - start} bytes, but ${code} [${shape.join(', ')}] takes ${byteLength(dtype, shape)}`,
    );
  }
  return { name, dtype, shape, start, end };
}
