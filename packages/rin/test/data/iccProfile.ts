import { deflateSync, gzipSync } from 'node:zlib';

/** Red, green and blue of a colour space as XYZ at D50. */
export type Primaries = readonly (readonly [x: number, y: number, z: number])[];

/** Those of Adobe RGB (1998), adapted to D50 as its profile has them. */
export const adobeRgb: Primaries = [
  [0.60974, 0.31111, 0.01947],
  [0.20528, 0.62567, 0.06087],
  [0.14919, 0.06322, 0.74457],
];

const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const fixed = (value: number) => int(Math.round(value * 65536));
const word = (text: string) => Buffer.from(text, 'latin1');
const xyz = (values: readonly number[]) => Buffer.concat([word('XYZ \0\0\0\0'), ...values.map(fixed)]);
const whitePoint = [0.9642, 1, 0.8249];

/** A colour profile (ICC.1:2001-04): of RGB with these primaries, or grey; a value v stands for the light v to the power of gamma. */
export function iccProfile(gamma: number, primaries?: Primaries): Buffer {
  const curve = Buffer.concat([
    word('curv\0\0\0\0'),
    int(1),
    Buffer.from([Math.floor(gamma), (gamma % 1) * 256, 0, 0]),
  ]);
  const tags: [string, Buffer][] = [
    ['desc', Buffer.concat([word('desc\0\0\0\0'), int(5), word('test\0'), Buffer.alloc(78)])],
    ['cprt', word('text\0\0\0\0none\0')],
    ['wtpt', xyz(whitePoint)],
  ];
  if (!primaries) tags.push(['kTRC', curve]);
  for (const [i, colour] of ['r', 'g', 'b'].entries()) {
    if (primaries) tags.push([`${colour}XYZ`, xyz(primaries[i])], [`${colour}TRC`, curve]);
  }
  const table = [int(tags.length)];
  const bodies: Buffer[] = [];
  let offset = 128 + 4 + 12 * tags.length;
  for (const [name, body] of tags) {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    table.push(word(name), int(offset), int(body.length));
    bodies.push(padded);
    offset += padded.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset, 0);
  header.writeUInt32BE(0x02400000, 8);
  header.write(`mntr${primaries ? 'RGB ' : 'GRAY'}XYZ `, 12);
  header.write('acsp', 36);
  Buffer.concat(whitePoint.map(fixed)).copy(header, 68);
  return Buffer.concat([header, ...table, ...bodies]);
}

/** A PNG with a colour profile put into it; its pixels keep their values. */
export function withProfile(png: Buffer, profile: Buffer): Buffer {
  const body = Buffer.concat([word('iCCPtest\0\0'), deflateSync(profile)]);
  const headerEnd = 33;
  return Buffer.concat([
    png.subarray(0, headerEnd),
    int(body.length - 4),
    body,
    checksum(body),
    png.subarray(headerEnd),
  ]);
}

/** CRC-32, big-endian; gzip computes it too. */
const checksum = (bytes: Buffer): Buffer => gzipSync(bytes).subarray(-8, -4).reverse();
