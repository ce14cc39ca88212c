import { RinError } from '@rin/core';

/** Options of a download. */
export interface DownloadOptions {
  /** its length, if it is known */
  readonly bytes?: number;
  /** is called with the bytes that came since the last call */
  readonly onBytes?: (count: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Downloads a file.
 * @throws RinError if it does not come, comes with an error status, or ends too early
 * @throws the reason of `signal` if it is aborted
 */
export async function download(url: URL, { bytes, onBytes, signal }: DownloadOptions = {}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const response = await fetch(url, { ...(signal && { signal }) });
    if (!response.ok) throw new RinError(`${nameOf(url)}: the server answers ${response.status}; put all files there`);
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      parts.push(part.value);
      length += part.value.length;
      onBytes?.(part.value.length);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RinError) throw error;
    throw new RinError(`${nameOf(url)} cannot be downloaded; check the connection, and try again`);
  }
  if (bytes !== undefined && length !== bytes)
    throw new RinError(
      `${nameOf(url)}: ${length} of ${bytes} bytes came; try again, or put the file there again if it stays so`,
    );
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const nameOf = ({ pathname }: URL): string => decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
