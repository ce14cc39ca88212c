import { countOf, RinError } from '@rin/core';
import type { Files } from './arrange.js';

/** The folder that becomes the new base. */
interface Inner {
  /** with a slash at its end */
  readonly folder: string;
  /** folders next to it that are not used, with a slash at their end */
  readonly untaken: readonly string[];
  readonly notice?: string;
}

/** `train`, and with a year as in COCO: `train2017`. */
const isTraining = (folder: string): boolean => /^train(ing)?(20\d\d)?$/i.test(folder);
const isSplit = (folder: string): boolean =>
  isTraining(folder) || /^(test(ing)?|val|valid|validation|eval|evaluation|dev)(20\d\d)?$/i.test(folder);

/**
 * Finds a top folder that is not a class. It contains all pictures, or it is the training folder among folders such as
 * `train`, `val` and `test`.
 * @param pictures paths below the base
 * @param base     empty, or with a slash at its end
 * @returns undefined if the top folders are the classes, or there are no folders
 * @throws RinError if such folders do not include exactly one for training
 */
export function step(pictures: readonly string[], base: string, { where, kind }: Files): Inner | undefined {
  const tops = new Map<string, number>(); // pictures by top folder
  let isDeep = false; // whether the top folder has subfolders with pictures
  let loose = 0;
  for (const name of pictures) {
    const slash = name.indexOf('/');
    if (slash < 0) loose++;
    else {
      const top = name.slice(0, slash);
      tops.set(top, (tops.get(top) ?? 0) + 1);
    }
  }
  const [first] = tops.keys();
  if (first === undefined) return undefined;
  if ([...tops.keys()].every(isSplit)) return split(tops, loose, where + (base && `/${base.slice(0, -1)}`), kind);
  if (tops.size > 1 || loose > 0) return undefined;
  let isDirect = false; // whether the top folder itself has pictures
  for (const name of pictures) {
    if (name.includes('/', first.length + 1)) isDeep = true;
    else isDirect = true;
  }
  // `tar cf flowers.tar flowers` puts the name of the folder before every path.
  const isWrapped = isDeep && (!isDirect || (kind === 'archive' && base === ''));
  return isWrapped ? { folder: `${first}/`, untaken: [] } : undefined;
}

function split(
  tops: ReadonlyMap<string, number>,
  loose: number,
  place: string,
  kind: Files['kind'],
): Inner | undefined {
  const folders = [...tops.keys()];
  const training = folders.filter(isTraining);
  if (folders.length === 1 && loose === 0) return { folder: `${folders[0]}/`, untaken: [] };
  if (training.length !== 1) {
    if (folders.length === 1) return undefined;
    throw new RinError(
      `${place}: ${folders.join(', ')}: ${training.length === 0 ? 'none of these folders is' : 'several of these folders are'} for training; ${kind === 'archive' ? 'unpack the archive and use one of them' : 'use one of them'} as the data`,
    );
  }
  const [taken] = training;
  const others = folders.filter((folder) => folder !== taken);
  const parts = others.map((folder) => `${folder} (${pictures(tops.get(folder) ?? 0)})`);
  if (loose > 0) parts.push(`${pictures(loose)} next to it`);
  const how = kind === 'archive' ? 'unpack the archive and name the folder' : `name it, such as ${place}/${others[0]}`;
  const notice = `${place}: rin uses ${taken}, not ${parts.join(', ')}`;
  return {
    folder: `${taken}/`,
    untaken: others.map((folder) => `${folder}/`),
    notice: others.length > 0 ? `${notice}; to use another folder, ${how}` : notice,
  };
}

const pictures = (number: number): string => countOf(number, 'picture');
