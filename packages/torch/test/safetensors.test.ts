import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  memory,
  openSafetensors,
  readSafetensors,
  scope,
  type Tensor,
  TorchError,
  tensor,
  unsafe,
  writeSafetensors,
  zeros,
} from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'file.safetensors');

/** A file put together by hand from the format's description: length, JSON, data. */
function write(header: string | Uint8Array | object, data: Uint8Array | number[] = [], length?: number): void {
  const plain = typeof header === 'string' || header instanceof Uint8Array;
  const json = Buffer.from(plain ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length ?? json.length));
  writeFileSync(path, Buffer.concat([prefix, json, Buffer.from(data)]));
}

const u8 = (shape: number[], start: number, end: number) => ({ dtype: 'U8', shape, data_offsets: [start, end] });

test('every dtype is read from bytes put together by hand', async () => {
  const parts: [string, string, number[], Buffer, unknown][] = [
    ['f32', 'F32', [2], Buffer.from('0000c03f000010c0', 'hex'), new Float32Array([1.5, -2.25])],
    ['f64', 'F64', [1, 1], Buffer.from('9a9999999999b93f', 'hex'), new Float64Array([0.1])],
    ['f16', 'F16', [2], Buffer.from('003e01fc', 'hex'), new Uint16Array([0x3e00, 0xfc01])],
    ['bf16', 'BF16', [1], Buffer.from('c03f', 'hex'), new Uint16Array([0x3fc0])],
    ['i64', 'I64', [], Buffer.from('feffffffffffffff', 'hex'), new BigInt64Array([-2n])],
    ['i32', 'I32', [1], Buffer.from('ffffff7f', 'hex'), new Int32Array([2 ** 31 - 1])],
    ['u8', 'U8', [3], Buffer.from('00ff07', 'hex'), new Uint8Array([0, 255, 7])],
    ['bool', 'BOOL', [2, 1], Buffer.from('0001', 'hex'), new Uint8Array([0, 1])],
    ['none', 'F32', [0, 4], Buffer.from(''), new Float32Array()],
  ];
  let at = 0;
  const header: Record<string, unknown> = { __metadata__: { made: 'by hand', 'ü"': '{"json": 1}' } };
  for (const [name, dtype, shape, bytes] of parts) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  write(`${JSON.stringify(header)}   `, Buffer.concat(parts.map(([, , , bytes]) => bytes)));
  const { tensors, metadata } = await readSafetensors(path);
  assert.deepEqual(metadata, { made: 'by hand', 'ü"': '{"json": 1}' });
  for (const [name, , shape, , values] of parts) {
    assert.deepEqual(tensors[name].shape, shape);
    assert.deepEqual(tensors[name].toTypedArray(), values);
  }
});

test('what is written has the bytes that the format describes', async () => {
  await writeSafetensors(path, { a: tensor(new Uint8Array([7])), b: tensor([1.5]) }, { k: 'v' });
  const json =
    '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const padding = ' '.repeat((8 - (json.length % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(json.length + padding.length);
  assert.deepEqual(
    readFileSync(path),
    Buffer.concat([length, Buffer.from(json + padding), Buffer.from('0000c03f07', 'hex')]),
  );
});

test('tensors of every dtype come back as they were, also those that are not contiguous or belong to a scope', async () => {
  const values = tensor([
    [1, -2.5, 3],
    [0, 1e-3, 6e4],
  ]);
  const dtypes = [
    'float32',
    'float64',
    'float16',
    'bfloat16',
    'int64',
    'int32',
    'int16',
    'int8',
    'uint8',
    'bool',
  ] as const;
  const tensors: Record<string, Tensor> = {};
  const inherited = 'constructor';
  for (const dtype of dtypes) tensors[dtype] = values.clamp(0, 100).to(dtype);
  tensors.transposed = values.transpose(0, 1);
  tensors.slice = values.select(1, 1);
  tensors[inherited] = values;
  const writing = scope(() => ({ done: [writeSafetensors(path, { ...tensors, temporary: values.add(1) })] }));
  await Promise.all(writing.done);
  const read = (await readSafetensors(path)).tensors;
  assert.deepEqual(Object.keys(read), [...Object.keys(tensors), 'temporary']);
  for (const [name, expected] of Object.entries(tensors)) {
    assert.equal(String(read[name]), String(expected));
    assert.deepEqual(read[name].toTypedArray(), expected.toTypedArray());
  }
  assert.deepEqual(read.temporary.toTypedArray(), values.add(1).toTypedArray());
});

test('one tensor is read by name, without its neighbours, far beyond 2 GiB', async () => {
  const far = 2 ** 31 + 5_000_000_000;
  write({ near: u8([2], 0, 2), huge: u8([far - 2], 2, far), far: u8([3], far, far + 3) });
  const start = statSync(path).size;
  truncateSync(path, start + far + 3); // a hole: it takes no place on the disk
  const file = await openSafetensors(path);
  assert.deepEqual(file.names, ['near', 'huge', 'far']);
  assert.deepEqual(file.info('huge'), { dtype: 'uint8', shape: [far - 2] });
  const before = memory().bytes;
  const read = await file.read('far');
  assert.equal(memory().bytes - before, 3);
  assert.deepEqual(read.toTypedArray(), new Uint8Array(3));
  await assert.rejects(file.read('fur'), /file\.safetensors: it has no tensor fur; it has near, huge, far$/);
  await file.close();
  rmSync(path);
});

test('a tensor larger than what is read at once comes back whole', async () => {
  const long = tensor(Int32Array.from({ length: 5_000_003 }, (_, i) => i));
  await writeSafetensors(path, { long, after: tensor([4]) });
  const { tensors } = await readSafetensors(path);
  assert.deepEqual(tensors.long.toTypedArray(), long.toTypedArray());
  assert.equal(tensors.after.item(), 4);
});

test('a file that is not sound is refused in one sentence that names it and what is wrong', async () => {
  const refuses = async (what: RegExp, header: string | object, data: number[] = [], length?: number) => {
    write(header, data, length);
    await assert.rejects(readSafetensors(path), (error: Error) => {
      assert.ok(error instanceof TorchError);
      assert.ok(error.message.startsWith(`${path}: `) && !error.message.includes('\n'), error.message);
      assert.match(error.message, what);
      assert.match(error.message, /download or write it again$/);
      return true;
    });
  };
  await refuses(/its header should have 1000 bytes, but the whole file has 10/, '{}', [], 1000);
  await refuses(/its header should have 18446744073709550000 bytes/, '{}', [], 2 ** 64 - 2048);
  await refuses(/not JSON/, '{"a":');
  await refuses(/not JSON/, '');
  await refuses(/not JSON/, Buffer.from('7b22ff223a307d', 'hex'));
  await refuses(/not a JSON object/, '[]');
  await refuses(/not a JSON object/, 'null');
  await refuses(/b overlaps a/, { a: u8([3], 0, 3), b: u8([2], 2, 4) }, [1, 2, 3, 4]);
  await refuses(/b overlaps a/, { a: u8([3], 0, 3), b: u8([3], 0, 3) }, [1, 2, 3]);
  await refuses(/1 bytes between a and b belong to no tensor/, { a: u8([1], 0, 1), b: u8([2], 2, 4) }, [1, 2, 3, 4]);
  await refuses(/2 bytes between the start of the data and a/, { a: u8([2], 2, 4) }, [1, 2, 3, 4]);
  await refuses(/a ends at byte 9, but there are 4 bytes of data/, { a: u8([9], 0, 9) }, [1, 2, 3, 4]);
  await refuses(/1 bytes after a belong to no tensor/, { a: u8([3], 0, 3) }, [1, 2, 3, 4]);
  await refuses(/2 bytes after the start of the data/, {}, [1, 2]);
  await refuses(/a has 3 bytes, but U8 \[2\] takes 2/, { a: u8([2], 0, 3) }, [1, 2, 3]);
  await refuses(
    /a has 4 bytes, but F32 \[2\] takes 8/,
    { a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } },
    [1, 2, 3, 4],
  );
  await refuses(/a has -2 bytes/, { a: u8([0], 2, 0) });
  await refuses(/takes 2.1\d*e\+37/, { a: u8([2 ** 52, 2 ** 52, 2 ** 20], 0, 4) }, [1, 2, 3, 4]);
  await refuses(/a has the invalid shape \[-1\]/, { a: u8([-1], 0, 0) });
  await refuses(/a has the invalid shape \[1.5\]/, { a: u8([1.5], 0, 0) });
  await refuses(/a has the invalid shape "2"/, { a: { dtype: 'U8', shape: '2', data_offsets: [0, 2] } });
  await refuses(/a has the invalid offsets \[0,9007199254740992\]/, { a: u8([4], 0, 2 ** 53) });
  await refuses(/a has the invalid offsets \[0\]/, { a: { dtype: 'U8', shape: [2], data_offsets: [0] } });
  await refuses(/a has the type "F8_E4M3", which is not one of F64, F32/, {
    a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] },
  });
  await refuses(/a has the type "toString"/, { a: { dtype: 'toString', shape: [1], data_offsets: [0, 1] } });
  await refuses(/a is not described by an object/, { a: [1] });
  await refuses(/its header has a twice/, '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061" : {}}');
  await refuses(/its header has shape twice/, '{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}');
  await refuses(/a tensor has the name __proto__/, '{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}');
  await refuses(/__metadata__ is not an object of strings/, { __metadata__: { a: 1 } });
  await refuses(/__metadata__ is not an object of strings/, { __metadata__: ['a'] });
  await refuses(/__metadata__ is not an object of strings/, '{"__metadata__":{"__proto__":"a"}}');
  writeFileSync(path, 'short');
  await assert.rejects(readSafetensors(path), /it has 5 bytes; the file is cut short/);
  await assert.rejects(readSafetensors(join(folder, 'none')), /none: there is no such file or folder$/);
  await assert.rejects(openSafetensors(folder), /it is a folder/);
});

test('a header that would take all memory once it is parsed is refused before', async () => {
  const list = (element: string, count: number) => `{"a":[${`${element},`.repeat(count - 1)}${element}]}`;
  for (const [header, what] of [
    [`{"a":${'['.repeat(4e6)}${']'.repeat(4e6)}}`, /its header is nested more than 8 levels deep/],
    ['{"a":'.repeat(9), /its header is nested more than 8 levels deep/],
    [list('[]', 2_000_001), /its header has more than 2000000 lists and objects/],
    [list('{}', 2_000_001), /its header has more than 2000000 lists and objects/],
    [list('0', 16_000_002), /its header has more than 16000000 values/],
    [`{${'"a":0,'.repeat(2_000_000)}"b":0}`, /its header has more than 2000000 keys/],
    [list('"\\"[{"', 10), /a is not described by an object/], // brackets in a string are text
    ['{"a":"'.padEnd(1000, '['), /not JSON/],
  ] as const) {
    write(header);
    await assert.rejects(openSafetensors(path), (error) => error instanceof TorchError && what.test(error.message));
  }
  write({ a: u8(new Array<number>(65).fill(1), 0, 1) }, [1]);
  await assert.rejects(openSafetensors(path), /a has 65 dimensions, more than 64/);
  write({ a: { dtype: 'U8', shape: 'x'.repeat(1e6), data_offsets: [0, 1] } });
  await assert.rejects(openSafetensors(path), (error: Error) => error.message.length < 400);
});

test('text that only looks like a key is no key twice', async () => {
  const texts = ['"a": {"a": 1}, \\"a\\":', 'a\\', '"a', '\n'.repeat(8_000_000)];
  for (const text of texts) {
    write({ __metadata__: { a: text }, a: u8([1], 0, 1) }, [5]);
    const { tensors, metadata } = await readSafetensors(path);
    assert.equal(tensors.a.item(), 5);
    assert.ok(metadata.a === text);
  }
});

test('a failed write leaves the old file, and nothing beside it', async () => {
  await writeSafetensors(path, { old: tensor([1]) });
  const disposed = tensor([2]);
  disposed.dispose();
  const old = readFileSync(path);
  await assert.rejects(writeSafetensors(path, { a: tensor([1]), disposed }), /file\.safetensors: .*disposed/);
  await assert.rejects(writeSafetensors(path, JSON.parse('{"__proto__": 1}')), TorchError);
  await assert.rejects(
    writeSafetensors(path, { __metadata__: tensor([1]) }),
    /a tensor cannot have the name __metadata__/,
  );
  await assert.rejects(writeSafetensors(path, {}, JSON.parse('{"a": 1}')), /metadata must be an object of strings/);
  await assert.rejects(writeSafetensors(join(folder, 'no', 'file'), {}), /no\/file: there is no such file or folder$/);
  // The system refuses files over 1 MiB to this child, in the middle of the write.
  const index = new URL('../src/index.js', import.meta.url);
  const program = `import { zeros, writeSafetensors } from '${index}';
    process.on('SIGXFSZ', () => {});
    await writeSafetensors(${JSON.stringify(path)}, { large: zeros([2_000_000]) })
      .then(() => process.exit(1), (error) => process.exit(error.name === 'TorchError' ? 0 : 2));`;
  const child = spawnSync('bash', [
    '-c',
    'ulimit -f 1024; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    program,
  ]);
  assert.equal(child.status, 0, String(child.stderr));
  assert.deepEqual(readFileSync(path), old);
  assert.deepEqual(readdirSync(folder), ['file.safetensors']);
});

test('a view that holds its values negated is written with its values', async () => {
  const path = join(folder, 'negated.safetensors');
  await writeSafetensors(path, { x: unsafe.call('aten::_neg_view', [tensor([3, -1])]) as Tensor });
  assert.deepEqual((await readSafetensors(path)).tensors.x.tolist(), [-3, 1]);
  await assert.rejects(writeSafetensors(path, { '\ud800': tensor([1]) }), /a name must be Unicode text/);
});

test('neither writing nor a failed reading leaves tensors behind', async () => {
  const tensors = { a: zeros([10]), b: zeros([3, 4]).transpose(0, 1) };
  const before = memory().tensors;
  await writeSafetensors(path, tensors);
  assert.equal(memory().tensors, before);
  const file = await openSafetensors(path);
  truncateSync(path, statSync(path).size - 8);
  await assert.rejects(file.read('b'), /became shorter/);
  await file.close();
  await assert.rejects(readSafetensors(path));
  assert.equal(memory().tensors, before);
});
