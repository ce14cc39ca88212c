import { basename } from 'node:path';
import { RinError } from '@rin/core';
import { type Bytes, fileBytes, fileStamp, gzipEnd, memoryBytes, openBytes, part } from './bytes.js';
import { listCifar, trainingBatches } from './cifar.js';
import { byFolder, classOf, type Given, given, labelPictures, listFiles, parseJson, resolveLabels } from './labels.js';
import { isHidden, isPicture, type Listing, naturalOrder, type Skipped, type Source } from './source.js';
import { indexTar, type Member } from './tar.js';

/**
 * A tar archive of pictures. Classes come from `dataset.json` or `metadata.jsonl` inside; else, in a WebDataset, from the
 * `KEY.cls` or `KEY.json` (`label`, `class` or `cls`) beside each `KEY.jpg`; else from the top folders. A folder that
 * holds the whole archive, as `tar cf flowers.tar flowers` makes it, does not count. An archive of CIFAR's batches is read
 * as their folder is.
 * @throws {RinError} where the archive is damaged, cut short or without pictures, or a list does not fit
 */
export function archiveSource(path: string): Source {
  return {
    name: basename(path).replace(/\.(tar|tar\.gz|tgz)$/i, ''),
    stamp: fileStamp(path),
    async list() {
      const archive = cifarDownload.test(path) ? await openBytes(path) : fileBytes(path);
      try {
        return await listArchive(archive, path);
      } catch (error) {
        archive.close();
        throw error;
      }
    },
  };
}

/** As it is downloaded it is packed, and small enough to be unpacked into memory. */
const cifarDownload = /cifar[^/]*\.(tar\.gz|tgz)$/i;

async function listArchive(archive: Bytes, where: string): Promise<Listing> {
  const indexed = indexTar(archive, where);
  const files = new Map([...indexed].map(([name, member]) => [basename(name), member]));
  const batches = trainingBatches([...files.keys()].filter((name) => !gzipEnd.test(name)));
  if (batches.length > 0) {
    const open = async (file: string) => {
      const member = files.get(file);
      return member ? part(archive, member) : memoryBytes(Buffer.alloc(0));
    };
    return { ...(await listCifar({ where, files: [...files.keys()], open }, batches)), close: () => archive.close() };
  }
  const members = withoutCommonFolder(indexed);
  const read = (name: string) => {
    const member = members.get(name);
    return member ? archive.read(member.offset, member.size) : Buffer.alloc(0);
  };
  const names = [...members.keys()].filter(isPicture).sort(naturalOrder);
  if (names.length === 0) {
    throw new RinError(`${where}: no pictures inside (jpg, png, webp, gif, avif, tiff) among ${members.size} files`);
  }
  const lists = new Map(listFiles.filter((name) => members.has(name)).map((name) => [name, String(read(name))]));
  const beside = lists.size ? undefined : webDataset(names, members, (name) => String(read(name)), where);
  const { classes, labels, missing } = beside ?? labelPictures(names, lists, where);
  const pictures = names.map((name, index) => ({ name, label: labels[index], read: () => read(name) }));
  return { pictures, classes, missing, close: () => archive.close() };
}

/** Leaves hidden files out, and the folder in which all others lie where there are more folders below it. */
function withoutCommonFolder(members: ReadonlyMap<string, Member>): Map<string, Member> {
  const entries = [...members].filter(([name]) => !name.split('/').some(isHidden));
  const pictures = entries.flatMap(([name]) => (isPicture(name) ? [name] : []));
  let start = 0;
  for (;;) {
    const slash = pictures[0]?.indexOf('/', start) ?? -1;
    const common = pictures[0]?.slice(0, slash + 1);
    const deeper = pictures.some((name) => name.includes('/', slash + 1));
    if (slash < 0 || !deeper || !entries.every(([name]) => name.startsWith(common))) break;
    start = slash + 1;
  }
  return new Map(entries.map(([name, member]) => [name.slice(start), member]));
}

/** Classes by the files that share a picture's path up to the first dot of its name; undefined where there are none. */
function webDataset(
  names: readonly string[],
  members: ReadonlyMap<string, Member>,
  text: (name: string) => string,
  where: string,
): { classes: string[]; labels: Int32Array; missing: Skipped[] } | undefined {
  let pairs = 0;
  const givens = names.map((name): Given => {
    const key = name.slice(0, name.indexOf('.', name.lastIndexOf('/') + 1));
    if (members.has(`${key}.cls`)) {
      pairs++;
      const word = text(`${key}.cls`).trim();
      return given(/^-?\d+$/.test(word) ? Number(word) : word, `${where}: ${key}.cls`);
    }
    if (!members.has(`${key}.json`)) return {};
    pairs++;
    const place = `${where}: ${key}.json`;
    const content = parseJson(text(`${key}.json`), place);
    if (content === null || typeof content !== 'object') throw new RinError(`${place}: expected an object`);
    return 'cls' in content ? given(content.cls, place) : classOf(content, place);
  });
  if (pairs === 0) return undefined;
  const saysNothing = givens.every(({ number, name }) => number === undefined && name === undefined);
  return { ...resolveLabels(saysNothing ? names.map(byFolder) : givens, where), missing: [] };
}
