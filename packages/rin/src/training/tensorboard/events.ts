import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { maskedCrc32c } from './crc32c.js';

/** A value of an event. */
export type EventValue =
  | { readonly tag: string; readonly scalar: number }
  /** a PNG file with its size in pixels; `channels` is 1 to 4 */
  | {
      readonly tag: string;
      readonly png: Uint8Array;
      readonly height: number;
      readonly width: number;
      readonly channels: number;
    };

/** An event of TensorBoard. */
export interface BoardEvent {
  /** seconds since 1970 */
  readonly time: number;
  /** images seen */
  readonly step?: number;
  readonly values?: readonly EventValue[];
  /** first event of a file */
  readonly isFirst?: boolean;
  /** TensorBoard drops what it has read of this step and later ones: the run started again here */
  readonly isStart?: boolean;
}

/*
 * Numbers of the fields in event.proto and summary.proto of TensorBoard. Four small messages are written with the encoder of
 * @bufbuild/protobuf; code generated from the schemas, with their twenty other messages, would be many times longer.
 */
const event = { time: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const sessionLog = { status: 1, start: 1 } as const;
const summary = { value: 1 } as const;
const value = { tag: 1, scalar: 2, image: 4 } as const;
const image = { height: 1, width: 2, channels: 3, encoded: 4 } as const;

/** The record of an event in an event file (TFRecord): its length, the CRC of the length, the event, the CRC of the event. */
export function encodeEvent(told: BoardEvent): Uint8Array {
  const content = message(told);
  const record = new Uint8Array(12 + content.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(content, 12);
  view.setUint32(12 + content.length, maskedCrc32c(content), true);
  return record;
}

function message({ time, step = 0, values = [], isFirst = false, isStart = false }: BoardEvent): Uint8Array {
  const writer = new BinaryWriter().tag(event.time, WireType.Bit64).double(time);
  writer.tag(event.step, WireType.Varint).int64(step);
  if (isFirst) writer.tag(event.fileVersion, WireType.LengthDelimited).string('brain.Event:2');
  if (isStart)
    writer
      .tag(event.sessionLog, WireType.LengthDelimited)
      .fork()
      .tag(sessionLog.status, WireType.Varint)
      .int32(sessionLog.start)
      .join();
  if (values.length > 0) {
    writer.tag(event.summary, WireType.LengthDelimited).fork();
    for (const each of values) writeValue(writer, each);
    writer.join();
  }
  return writer.finish();
}

function writeValue(writer: BinaryWriter, told: EventValue): void {
  writer.tag(summary.value, WireType.LengthDelimited).fork();
  writer.tag(value.tag, WireType.LengthDelimited).string(told.tag);
  if ('scalar' in told) writer.tag(value.scalar, WireType.Bit32).float(told.scalar);
  else
    writer
      .tag(value.image, WireType.LengthDelimited)
      .fork()
      .tag(image.height, WireType.Varint)
      .int32(told.height)
      .tag(image.width, WireType.Varint)
      .int32(told.width)
      .tag(image.channels, WireType.Varint)
      .int32(told.channels)
      .tag(image.encoded, WireType.LengthDelimited)
      .bytes(told.png)
      .join();
  writer.join();
}
