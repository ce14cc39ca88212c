/** The remainders of all bytes, for a polynomial in reversed bits. */
const remainders = (polynomial: number): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? polynomial ^ (rest >>> 1) : rest >>> 1;
    return rest;
  });

function checksum(bytes: Uint8Array, table: Uint32Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = table[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return ~rest >>> 0;
}

const [ofZip, ofCastagnoli] = [remainders(0xedb88320), remainders(0x82f63b78)];

/**
 * CRC-32 (ISO 3309), from 0 to 2³² − 1: the checksum of a PNG's chunk and of a file in a zip archive. Browsers lack it, and
 * `node:zlib` has it only from Node 22 on.
 */
export const crc32 = (bytes: Uint8Array): number => checksum(bytes, ofZip);

/** CRC-32C (RFC 3720, appendix B.4), from 0 to 2³² − 1: the checksum of TFRecord files. */
export const crc32c = (bytes: Uint8Array): number => checksum(bytes, ofCastagnoli);
