import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DataConfig } from '../config/data.js';

/** Names of the files of a store. */
export const storeFiles = ['index.json', 'pixels.bin', 'labels.bin'] as const;

const count = z.int().min(1);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const Origin = z.strictObject({
  content: digest,
  resize: DataConfig.shape.resize,
  background: z.string(),
  frameRate: DataConfig.shape.frameRate,
  stride: DataConfig.shape.stride,
  sampleRate: DataConfig.shape.sampleRate,
});
const described = {
  shape: z.array(count).min(2).max(4).readonly(),
  classes: z.array(z.string()).readonly(),
  fingerprint: digest,
  origin: Origin,
  meanSquare: z.number(),
  skipped: z.array(z.strictObject({ name: z.string(), reason: z.string() })).readonly(),
  length: count,
};
/** SHA-256 of labels.bin, and of the text of index.json without the key `sha256`. */
const digests = { labelsSha256: digest, sha256: digest };

/** The keys are written in this order. Their digest depends on it. */
const IndexFile = z.strictObject({
  format: z.literal(2),
  ...described,
  samplesInBlock: count,
  /** SHA-256 of each block of pixels.bin, one after the other, in base64 */
  blockDigests: z.string(),
  ...digests,
});
/** The format of earlier versions. It has one digest of all pixels, so a large file cannot be checked in blocks. */
const FormerIndexFile = z.strictObject({ ...described, pixelsSha256: digest, ...digests });

/** The description of a store. */
export type Index = Omit<z.infer<typeof IndexFile>, 'sha256'>;
export type FormerIndex = Omit<z.infer<typeof FormerIndexFile>, 'sha256'>;

/** How a store was made: the content digest of the source, and the options. */
export type Origin = z.infer<typeof Origin>;

/** A store was changed after it was written. The message says what is wrong. */
export class DamagedStore extends Error {}

/** The text of index.json. */
export const indexText = (index: Index): string =>
  JSON.stringify({ ...index, sha256: sha256(JSON.stringify(index)) } satisfies z.infer<typeof IndexFile>);

/** Reads the description of a store. @throws DamagedStore if it was changed */
export function readIndex(folder: string): Index | FormerIndex {
  const raw: unknown = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  const { success, data } = z.union([IndexFile, FormerIndexFile]).safeParse(raw);
  if (!success) throw new DamagedStore('index.json does not describe samples');
  const { sha256: expected, ...index } = data;
  if (sha256(JSON.stringify(index)) !== expected) throw new DamagedStore('index.json was changed');
  return index;
}

/** SHA-256 in hexadecimal. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
