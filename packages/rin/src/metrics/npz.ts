import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RinError } from '@rin/core';
import { strFromU8, strToU8, zipSync } from 'fflate';
import { unreadable } from '../disk/systemError.js';
import { writeWhole } from '../disk/wholeFiles.js';
import type { Features } from './features.js';
import type { Moments } from './moments.js';
import { decodeNpy, encodeNpy } from './npy.js';
import { DamagedZip, zippedFiles } from './zip.js';

/** What rin knows of a reference set that it measured. */
export interface ReferenceFacts {
  /** name of the data */
  readonly name: string;
  /** the data set's `fingerprint` */
  readonly fingerprint: string;
  /** the part of the data: `all`, `training part`, `held-out part` */
  readonly part: string;
  /** samples that were measured */
  readonly count: number;
  /** [C, ...size] of each sample */
  readonly shape: readonly number[];
  /** how the samples were scaled to this size, such as `center-crop`; `none` for samples of a program */
  readonly resize: string;
  readonly detector: { readonly name: string; readonly sha256: string; readonly preprocessing: string };
}

/** A file of statistics. */
export interface Statistics {
  readonly moments: Moments;
  /** absent in most files that others wrote: these have mean and covariance only */
  readonly features?: Features;
  /** absent in files that others wrote */
  readonly facts?: ReferenceFacts;
}

/** Most bytes of an array. A damaged or hostile file could ask for any size. */
const mostBytes = 2 ** 31;

const [meanName, covarianceName, featuresName, factsName] = ['mu.npy', 'sigma.npy', 'features.npy', 'rin.json'];

/**
 * Writes statistics as `numpy.savez` does: a zip of stored arrays, `mu` [F] and `sigma` [F, F] in float64. With `features` it
 * has them too, [n, F] in float32, and with `facts` a file `rin.json`. Other programs read `mu` and `sigma` from it.
 * @throws WriteError if the system refuses it
 */
export async function writeStatistics(path: string, { moments, features, facts }: Statistics): Promise<void> {
  const { mean, covariance } = moments;
  const files = {
    [meanName]: encodeNpy({ shape: [mean.length], values: mean }),
    [covarianceName]: encodeNpy({ shape: [mean.length, mean.length], values: covariance }),
    ...(features && {
      [featuresName]: encodeNpy({ shape: [features.count, features.width], values: features.values }),
    }),
    ...(facts && { [factsName]: strToU8(JSON.stringify(facts)) }),
  };
  // A date of its own would make each file another one.
  await writeWhole(path, zipSync(files, { level: 0, mtime: '1980-01-01' }));
}

/**
 * Reads statistics that rin or another program wrote: an `.npz` with `mu` [F] and `sigma` [F, F].
 * @returns the statistics, and the SHA-256 of the file in hexadecimal
 * @throws RinError if the file cannot be read, is no `.npz`, is damaged, or lacks `mu` or `sigma`
 */
export async function readStatistics(path: string): Promise<Statistics & { readonly sha256: string }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw unreadable(error, path);
  }
  const files = unzipped(bytes, path);
  const array = (name: string) => decodeNpy(files[name] ?? new Uint8Array());
  for (const name of [meanName, covarianceName])
    if (!files[name])
      throw new RinError(
        `${path}: it has no ${name.slice(0, -4)}; expected an .npz with mu and sigma, such as np.savez writes`,
      );
  const [mean, covariance, features] = [meanName, covarianceName, featuresName].map(array);
  const width = mean?.shape[0] ?? 0;
  if (mean?.shape.length !== 1 || covariance?.shape.join() !== `${width},${width}`) {
    const found = [mean, covariance].map((each) => (each ? `[${each.shape.join(', ')}]` : 'not readable'));
    throw new RinError(
      `${path}: mu is ${found[0]} and sigma ${found[1]}; expected float32 or float64 of [F] and [F, F]`,
    );
  }
  if (![mean, covariance].every(({ values }) => values.every(Number.isFinite)))
    throw new RinError(`${path}: mu or sigma has a number that is not finite; use another copy of the file`);
  const facts = files[factsName] && factsOf(files[factsName]);
  const ours = facts && features?.shape[1] === width && features.values instanceof Float32Array ? features : undefined;
  return {
    moments: { mean: Float64Array.from(mean.values), covariance: Float64Array.from(covariance.values) },
    ...(ours && { features: { count: ours.shape[0], width, values: ours.values as Float32Array } }),
    ...(facts && { facts }),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** The facts of a file that rin wrote; undefined if they are not whole. */
function factsOf(bytes: Uint8Array): ReferenceFacts | undefined {
  try {
    const facts: ReferenceFacts = JSON.parse(strFromU8(bytes));
    const { name, fingerprint, part, count, shape, resize, detector } = facts;
    const texts = [name, fingerprint, part, resize, detector.name, detector.sha256, detector.preprocessing];
    return texts.every((text) => typeof text === 'string') && Number.isInteger(count) && Array.isArray(shape)
      ? facts
      : undefined;
  } catch {
    return undefined;
  }
}

/** The known files of a zip. Others, such as pictures in the statistics of some authors, are passed over. */
function unzipped(bytes: Uint8Array, path: string): Record<string, Uint8Array | undefined> {
  const names = [meanName, covarianceName, featuresName, factsName];
  try {
    const known = zippedFiles(bytes).filter(({ name, size }) => names.includes(name) && size <= mostBytes);
    return Object.fromEntries(known.map((file) => [file.name, file.bytes()]));
  } catch (error) {
    if (!(error instanceof DamagedZip)) throw error;
    throw new RinError(`${path}: not a whole .npz; expected a zip with mu and sigma, such as np.savez writes`);
  }
}
