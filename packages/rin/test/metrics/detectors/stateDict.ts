/** A tensor of a state dict: name, sizes, elements. */
export type Entry = readonly [name: string, shape: readonly number[], elements: Float32Array];

const text = (value: string) => {
  const bytes = Buffer.from(value);
  const head = Buffer.from([0x58, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

const whole = (value: number) => {
  const bytes = Buffer.from([0x4a, 0, 0, 0, 0]);
  bytes.writeInt32LE(value, 1);
  return bytes;
};

const plain = (value: string) => Buffer.from(value, 'latin1');
const tuple = (values: readonly number[]) => Buffer.concat([plain('('), ...values.map(whole), plain('t')]);
const orderedDict = plain('ccollections\nOrderedDict\n)R');

/** A file in PyTorch's old format, as `torch.save` wrote it before version 1.6. Opcodes are those of Python's `pickletools`. */
export function stateDict(entries: readonly Entry[]): Buffer {
  const tensors = entries.map(([name, shape, elements], key) => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    return Buffer.concat([
      text(name),
      plain('ctorch._utils\n_rebuild_tensor_v2\n(('),
      text('storage'),
      plain('ctorch\nFloatStorage\n'),
      text(String(key)),
      text('cpu'),
      whole(elements.length),
      plain('NtQ'),
      whole(0),
      tuple(shape),
      tuple(strides),
      plain('\x89'),
      orderedDict,
      plain('tR'),
    ]);
  });
  const storages = entries.flatMap(([, , elements]) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(elements.length));
    return [count, Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength)];
  });
  const keys = entries.map((_, key) => text(String(key)));
  return Buffer.concat([
    plain('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'),
    plain('\x80\x02M\xe9\x03.'),
    plain('\x80\x02}'),
    text('little_endian'),
    plain('\x88s.\x80\x02'),
    orderedDict,
    plain('('),
    ...tensors,
    plain('u.\x80\x02]('),
    ...keys,
    plain('e.'),
    ...storages,
  ]);
}
