import { count, RinError } from '@rin/core';
import type { Files } from './arrange.js';

/** A folder into which the base moves. */
interface Inner {
  /** with a slash at its end */
  readonly folder: string;
  /** what lies beside it and is not taken: paths that begin so, with a slash at their end */
  readonly untaken: readonly string[];
  readonly notice?: string;
}

const isTraining = (folder: string): boolean => /^train(ing)?$/i.test(folder);
const isSplit = (folder: string): boolean => isTraining(folder) || /^(test(ing)?|val|valid|validation)$/i.test(folder);

/**
 * The folder that is no class: the one in which all pictures lie, or that for training beside those for other purposes.
 * @param pictures paths below the base
 * @returns undefined if the top folders are the classes, or there are none
 * @throws {RinError} if there are folders for other purposes only
 */
export function step(pictures: readonly string[], base: string, { where, kind }: Files): Inner | undefined {
  const tops = new Map<string, number>(); // pictures by top folder
  let isDeep = false; // whether there are folders below them
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
  let isDirect = false; // whether pictures lie in the folder itself
  for (const name of pictures) {
    if (name.includes('/', first.length + 1)) isDeep = true;
    else isDirect = true;
  }
  // An archive of a folder begins with its name, as `tar cf flowers.tar flowers` makes it.
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
      `${place}: ${folders.join(', ')}: ${training.length === 0 ? 'none of these folders is' : 'several of these folders are'} for training; ${kind === 'archive' ? 'unpack the archive and name one of them' : 'name one of them'} as the data`,
    );
  }
  const [taken] = training;
  const others = folders.filter((folder) => folder !== taken);
  const parts = others.map((folder) => `${folder} (${pictures(tops.get(folder) ?? 0)})`);
  if (loose > 0) parts.push(`${pictures(loose)} beside it`);
  const how =
    kind === 'archive' ? 'unpack the archive and name its folder' : `name its folder, such as ${place}/${others[0]}`;
  const notice = `${place}: ${taken} is taken, without ${parts.join(', ')}`;
  return {
    folder: `${taken}/`,
    untaken: others.map((folder) => `${folder}/`),
    notice: others.length > 0 ? `${notice}; to take another one, ${how}` : notice,
  };
}

const pictures = (number: number): string => `${count(number)} picture${number === 1 ? '' : 's'}`;
