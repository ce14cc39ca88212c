/**
 * Whether a GIF has its end mark. libvips reads a GIF that is cut short as a shorter animation. Source: GIF89a
 * specification, sections 18 to 27.
 * @param bytes a file that begins as a GIF
 */
export function hasGifEnd(bytes: Uint8Array): boolean {
  let at = 13 + paletteLength(bytes[10]);
  const skipBlocks = () => {
    while (at < bytes.length && bytes[at] !== 0) at += bytes[at] + 1;
    at++; // the empty block
  };
  while (at < bytes.length) {
    const mark = bytes[at];
    if (mark === trailer) return true;
    if (mark === extension) at += 2;
    else if (mark === picture)
      at += 11 + paletteLength(bytes[at + 9]); // with the size of its codes
    else return false;
    skipBlocks();
  }
  return false;
}

const [extension, picture, trailer] = [0x21, 0x2c, 0x3b];

/** Bytes of a palette. @param flags of the screen or the picture */
const paletteLength = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
