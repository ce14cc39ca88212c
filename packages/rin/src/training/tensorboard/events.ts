import { crc32c } from '@rin/core';
import { bytes, double, type Encoded, float, integer, joined, message, text } from '../../disk/protobuf.js';

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

// Numbers of the fields in event.proto and summary.proto of TensorBoard.
const event = { time: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const sessionLog = { status: 1, start: 1 } as const;
const summary = { value: 1 } as const;
const value = { tag: 1, scalar: 2, image: 4 } as const;
const image = { height: 1, width: 2, channels: 3, encoded: 4 } as const;

/** The masked CRC-32C of TFRecord files: rotated right by 15 bits, plus a constant. A CRC of data that hold CRCs is weak. */
export function maskedCrc32c(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The record of an event in an event file (TFRecord): its length, the CRC of the length, the event, the CRC of the event. */
export function encodeEvent(told: BoardEvent): Uint8Array {
  const content = Buffer.concat(fields(told).pieces);
  const record = new Uint8Array(12 + content.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(content, 12);
  view.setUint32(12 + content.length, maskedCrc32c(content), true);
  return record;
}

const fields = ({ time, step = 0, values = [], isFirst = false, isStart = false }: BoardEvent): Encoded =>
  joined([
    double(event.time, time),
    integer(event.step, step),
    ...(isFirst ? [text(event.fileVersion, 'brain.Event:2')] : []),
    ...(isStart ? [message(event.sessionLog, integer(sessionLog.status, sessionLog.start))] : []),
    ...(values.length > 0 ? [message(event.summary, ...values.map(valueField))] : []),
  ]);

const valueField = (told: EventValue): Encoded =>
  message(
    summary.value,
    text(value.tag, told.tag),
    'scalar' in told
      ? float(value.scalar, told.scalar)
      : message(
          value.image,
          integer(image.height, told.height),
          integer(image.width, told.width),
          integer(image.channels, told.channels),
          bytes(image.encoded, told.png),
        ),
  );
