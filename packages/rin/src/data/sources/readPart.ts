import { type Bytes, fileBytes, part, tooLarge } from './bytes.js';
import type { FilePart } from './recording.js';
import { largestPicture } from './source.js';

// Apart from recording.ts, whose types are public: programs compile without the types of Node, which `Buffer` needs.

/** Opens a part for reading by range. The caller closes it. @throws RinError if it is not a file; else the system's error */
export function openPart({ path, offset, size }: FilePart): Bytes {
  const file = fileBytes(path);
  const bytes = part(file, { offset, size: size ?? file.length - offset });
  return { ...bytes, close: () => file.close() };
}

/** All bytes of a part. @throws Error if it is larger than a picture may be */
export function readPart(place: FilePart): Buffer {
  const bytes = openPart(place);
  try {
    if (bytes.length > largestPicture) throw new Error(tooLarge(bytes.length, largestPicture));
    return bytes.read(0, bytes.length);
  } finally {
    bytes.close();
  }
}
