import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Medium, mediumOf } from '../media/medium.js';
import { builtInClips, builtInSounds, isBuiltIn } from './builtIn.js';
import type { DataOptions } from './progress.js';
import { fileBytes } from './sources/bytes.js';
import { type FoundFiles, findFiles } from './sources/folder.js';
import { isAnimated, isVideo, mayMove } from './sources/gather.js';
import type { FilePart } from './sources/recording.js';
import { isSound } from './sources/sounds.js';
import { isHidden, isPicture } from './sources/source.js';
import { indexTar } from './sources/tar.js';
import { spreadOver } from './spreadOver.js';
import { openConverted } from './storeSource.js';

/** What is known of a source without its samples. */
interface Looked {
  readonly medium: Medium;
  /** of a folder */
  readonly files?: FoundFiles;
}

/**
 * The medium of a source whose samples have no size yet. It has sounds if it is `tones`, or if it has sounds, but neither
 * pictures nor videos. It has clips if it is `bouncing`, if it has at least as many videos as pictures, or if some of its
 * pictures, spread over all of them, are all animated. Otherwise it has pictures.
 */
export async function lookAt(source: string, watch: DataOptions): Promise<Looked> {
  if (isBuiltIn(source))
    return { medium: source === builtInClips ? 'clip' : source === builtInSounds ? 'sound' : 'picture' };
  const stored = openConverted(source, 0);
  stored?.close();
  if (stored) return { medium: mediumOf(stored.shape) };
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    const files = await findFiles(source, watch);
    return { medium: await mediumAmong(files.names, (name) => ({ path: join(source, name), offset: 0 })), files };
  }
  if (stats?.isFile() && (isVideo(source) || isSound(source))) return { medium: isSound(source) ? 'sound' : 'clip' };
  if (!stats?.isFile() || !/\.tar$/i.test(source)) return { medium: 'picture' };
  const archive = fileBytes(source);
  try {
    const { members } = await indexTar(archive, source, watch);
    const names = [...members.keys()].filter((name) => !name.split('/').some(isHidden));
    const place = (name: string) => ({ path: source, ...(members.get(name) ?? { offset: 0, size: 0 }) });
    return { medium: await mediumAmong(names, place) };
  } finally {
    archive.close();
  }
}

/** Pictures that are looked at. */
const mostLooked = 8;

async function mediumAmong(names: readonly string[], place: (name: string) => FilePart): Promise<Medium> {
  const [videos, pictures] = [names.filter(isVideo).length, names.filter(isPicture)];
  if (pictures.length === 0 && videos === 0 && names.some(isSound)) return 'sound';
  if (videos > 0 && videos >= pictures.length) return 'clip';
  const some = spreadOver(pictures, mostLooked);
  for (const name of some) if (!mayMove(name) || !(await isAnimated(place(name)))) return 'picture';
  return some.length > 0 ? 'clip' : 'picture';
}
