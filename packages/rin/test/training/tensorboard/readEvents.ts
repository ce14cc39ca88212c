import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A field of a message of protocol buffers: its number, and a number or bytes. */
type Field = readonly [field: number, value: number | Buffer];

/** A picture as it is in an event. */
interface PictureRead {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly png: Buffer;
}

/** An event as it is in the file. */
export interface EventRead {
  readonly step: number;
  readonly scalars: Readonly<Record<string, number>>;
  readonly pictures: Readonly<Record<string, PictureRead>>;
  readonly isFirst: boolean;
  readonly isStart: boolean;
}

/** Paths of the event files of a run, in the order of their names. */
export const eventFiles = (run: string): string[] =>
  readdirSync(run)
    .filter((name) => name.includes('tfevents'))
    .sort()
    .map((name) => join(run, name));

/** The events of a file, up to one that is cut short. It shares no code with the writer. @throws where a checksum is wrong */
export function readEvents(path: string): EventRead[] {
  const bytes = readFileSync(path);
  const events: EventRead[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    assert.equal(bytes.readUInt32LE(at + 8), masked(bytes.subarray(at, at + 8)), `length at ${at}`);
    if (at + 16 + length > bytes.length) break;
    const content = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(bytes.readUInt32LE(at + 12 + length), masked(content), `event at ${at}`);
    events.push(eventOf(content));
    at += 16 + length;
  }
  return events;
}

function eventOf(content: Buffer): EventRead {
  const event = new Map(fields(content));
  const scalars: Record<string, number> = {};
  const pictures: Record<string, PictureRead> = {};
  for (const [, value] of event.has(5) ? fields(event.get(5) as Buffer) : []) {
    const told = new Map(fields(value as Buffer));
    const tag = String(told.get(1));
    if (told.has(2)) scalars[tag] = told.get(2) as number;
    else {
      const [[, height], [, width], [, channels], [, png]] = fields(told.get(4) as Buffer);
      pictures[tag] = { height, width, channels, png } as PictureRead;
    }
  }
  return {
    ...{ step: Number(event.get(2) ?? 0), scalars, pictures },
    isFirst: event.has(3) && String(event.get(3)) === 'brain.Event:2',
    isStart: event.has(7) && fields(event.get(7) as Buffer)[0].join() === '1,1',
  };
}

function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  const next = (length: number): Buffer => {
    at += length;
    return message.subarray(at - length, at);
  };
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const [byte] = next(1);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [field, kind] = [key >> 3, key & 7];
    if (kind === 0) found.push([field, varint()]);
    else if (kind === 1) found.push([field, next(8).readDoubleLE()]);
    else if (kind === 5) found.push([field, next(4).readFloatLE()]);
    else {
      assert.equal(kind, 2);
      found.push([field, next(varint())]);
    }
  }
  return found;
}

/** The checksum of TFRecord, bit by bit as the definition has it. */
function masked(bytes: Buffer): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  crc ^= 0xffffffffn;
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** What TensorBoard shows of a tag: the values by step. A start drops its step and later ones, as in TensorBoard. */
function shown(run: string, tag: string): Map<number, number | Buffer> {
  const points = new Map<number, number | Buffer>();
  for (const path of eventFiles(run)) {
    for (const { step, isStart, scalars, pictures } of readEvents(path)) {
      if (isStart) for (const seen of [...points.keys()]) if (seen >= step) points.delete(seen);
      const value = scalars[tag] ?? pictures[tag]?.png;
      if (value === undefined) continue;
      assert.ok(!points.has(step), `${tag} has two points at ${step}`);
      points.set(step, value);
    }
  }
  return points;
}

/** The lines of stats.jsonl. */
export const statsOf = (run: string): Record<string, number>[] =>
  readFileSync(join(run, 'stats.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The tag of each value of stats.jsonl. */
export const tags: Readonly<Record<string, string>> = {
  'loss/training': 'loss',
  'loss/held-out': 'validationLoss',
  'optimizer/learning-rate': 'learningRate',
  'optimizer/gradient-norm': 'gradientNorm',
};

/** Checks that the event files say each line of statistics once. */
export function assertLines(run: string): void {
  const lines = statsOf(run);
  for (const [tag, key] of Object.entries(tags)) {
    const expected = lines.map((line) => [line.images, Math.fround(line[key])]);
    assert.deepEqual([...shown(run, tag)], expected, tag);
  }
  const speeds = [...shown(run, 'speed/images-per-second').keys()];
  assert.deepEqual(
    speeds,
    lines.map(({ images }) => images),
  );
}

/** Checks that the event files have each preview once. @param previews images seen at each */
export function assertPictures(run: string, previews: readonly number[]): void {
  const file = (name: string) => readFileSync(join(run, name));
  const expected = previews.map((images) => [images, file(`fakes-000000.0${images}k.png`)]);
  assert.deepEqual([...shown(run, 'samples')], expected);
  assert.deepEqual([...shown(run, 'reals')], [[0, file('reals.png')]]);
}
