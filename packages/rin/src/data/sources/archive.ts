import { basename } from 'node:path';
import { RinError } from '@rin/core';
import type { DataOptions } from '../progress.js';
import { arrange } from './arrange.js';
import { type Bytes, fileBytes, fileStamp, gzipEnd, memoryBytes, openBytes, part, tooLarge } from './bytes.js';
import { listCifar, trainingBatches } from './cifar.js';
import { isHidden, type Listing, largestPicture, pictureFormats, type Source, understanding } from './source.js';
import { indexTar, type Member } from './tar.js';

/**
 * A tar archive of pictures. Their classes are found as in a folder (see `arrange`). An archive of CIFAR batches is
 * read like their folder.
 * @throws RinError if the archive is damaged, cut short or without pictures, or a list in it is damaged
 */
export async function archiveSource(path: string, watch: DataOptions): Promise<Source> {
  const stamp = () => `${understanding} ${fileStamp(path)}`;
  const source = { name: basename(path).replace(/\.(tar|tar\.gz|tgz)$/i, ''), stamp: stamp() };
  if (cifarDownload.test(path)) {
    return {
      ...source,
      list: () =>
        opened(
          () => openBytes(path),
          async (archive) => (await look(archive, path, watch)).list(archive),
        ),
    };
  }
  const seen = await opened(
    async () => fileBytes(path),
    async (archive) => {
      const inside = await look(archive, path, watch);
      archive.close();
      return inside;
    },
  );
  return {
    ...source,
    ...(seen.notice !== undefined && { notice: seen.notice }),
    list: () =>
      opened(
        async () => fileBytes(path),
        async (archive) => (stamp() === source.stamp ? seen : await look(archive, path, watch)).list(archive),
      ),
  };
}

/** The download of CIFAR is compressed, and small enough to be unpacked into memory. */
const cifarDownload = /cifar[^/]*\.(tar\.gz|tgz)$/i;

/** Opens an archive and works with it. If the work fails, the archive is closed. */
async function opened<T>(open: () => Promise<Bytes>, work: (archive: Bytes) => Promise<T>): Promise<T> {
  const archive = await open();
  try {
    return await work(archive);
  } catch (error) {
    archive.close();
    throw error;
  }
}

/** The content of an archive. */
interface Inside {
  readonly notice?: string;
  /** @param archive the same archive, open; the listing closes it */
  list(archive: Bytes): Promise<Listing>;
}

async function look(archive: Bytes, where: string, watch: DataOptions): Promise<Inside> {
  const { members, special } = await indexTar(archive, where, watch);
  const files = new Map([...members].map(([name, member]) => [basename(name), member]));
  const batches = trainingBatches([...files.keys()].filter((name) => !gzipEnd.test(name)));
  if (batches.length > 0) return { list: (open) => listBatches(open, files, batches, where) };
  const names = [...members.keys()].filter((name) => !name.split('/').some(isHidden));
  const read = (open: Bytes, name: string, most: number) => {
    const { offset, size } = members.get(name) ?? nothing;
    if (size > most) throw new Error(tooLarge(size, most));
    return open.read(offset, size);
  };
  const readText = (name: string, most: number) => {
    try {
      return read(current, name, most);
    } catch (error) {
      throw new RinError(`${where}/${name}: ${error instanceof Error ? error.message : error}`);
    }
  };
  let current = archive; // the open archive from which lists are read
  const arranged = await arrange({ where, kind: 'archive', names, special, read: readText }, watch);
  const { base, notice } = arranged;
  if (arranged.pictures.length === 0)
    throw new RinError(`${where}: no pictures (${pictureFormats}) among its ${names.length} files`);
  return {
    ...(notice !== undefined && { notice }),
    async list(open) {
      current = open;
      const { classes, labels, missing } = await arranged.label();
      const pictures = arranged.pictures.map((name, index) => ({
        name,
        label: labels[index],
        read: () => read(open, base + name, largestPicture),
      }));
      return { pictures, classes, missing, close: () => open.close() };
    },
  };
}

const nothing: Member = { offset: 0, size: 0 };

async function listBatches(
  archive: Bytes,
  files: ReadonlyMap<string, Member>,
  batches: readonly string[],
  where: string,
): Promise<Listing> {
  const open = async (file: string) => {
    const member = files.get(file);
    return member ? part(archive, member) : memoryBytes(Buffer.alloc(0));
  };
  const listing = await listCifar({ where, files: [...files.keys()], open }, batches);
  return { ...listing, close: () => archive.close() };
}
