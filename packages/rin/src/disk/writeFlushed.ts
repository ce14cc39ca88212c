import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Writes a file and flushes it to the disk. */
export async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    writeFileSync(file.fd, content); // FileHandle.writeFile of Node 20.9 takes a short write for a whole one
    await file.sync();
  } finally {
    await file.close();
  }
}
