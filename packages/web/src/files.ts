import { lengthOf } from '@rin/core';
import { download } from './download.js';
import { type Manifest, readManifest } from './manifest.js';
import type { Picture } from './picture.js';

/** A clip of bytes, planar [C, F, H, W]. */
type Clip = Pick<Picture, 'data' | 'shape'>;

/** The files of a model, without an engine. */
export interface ModelFiles {
  /** address of `model.json` */
  readonly base: URL;
  readonly manifest: Manifest;
  /** the bytes of the graph */
  readonly graph: Uint8Array;
  /** the clips that the page was written with, for a model that continues clips */
  readonly starts?: readonly Clip[];
}

/** How files are loaded. */
export interface FileOptions {
  /** is called before the graph is loaded */
  readonly onManifest?: (manifest: Manifest) => void;
  /** is called with the bytes of the graph that came since the last call */
  readonly onBytes?: (count: number) => void;
  readonly signal?: AbortSignal;
}

/** Loads `model.json` and the graph. @param url as for `load` @throws RinError if a file does not come or is another one */
export async function loadFiles(
  url: string | URL,
  { onManifest, onBytes, signal }: FileOptions = {},
): Promise<ModelFiles> {
  const base = manifestAddress(url);
  const text = new TextDecoder().decode(await download(base, { ...(signal && { signal }) }));
  const manifest = readManifest(text, base.href);
  onManifest?.(manifest);
  const { file, bytes } = manifest.graph;
  const options = { bytes, ...(onBytes && { onBytes }), ...(signal && { signal }) };
  const graph = await download(new URL(file, base), options);
  if (!manifest.given) return { base, manifest, graph };
  const given = await download(new URL(manifest.given.file, base), { ...options, bytes: manifest.given.bytes });
  return { base, manifest, graph, starts: clipsIn(given, manifest.inputs.given) };
}

/** Clips of one shape, one after the other. */
function clipsIn(data: Uint8Array, shape: readonly number[]): Clip[] {
  const length = lengthOf(shape);
  return Array.from({ length: data.length / length }, (_, i) => ({
    data: data.subarray(i * length, (i + 1) * length),
    shape,
  }));
}

function manifestAddress(url: string | URL): URL {
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  const address = new URL(url, page);
  if (address.pathname.endsWith('.json')) return address;
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  return new URL('model.json', address);
}
