import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import type { RawArrays } from '../../../src/metrics/detectors/pickle/arrays.js';
import { readNumpyFile } from '../../../src/metrics/detectors/pickle/numpyFile.js';
import { readStateDict } from '../../../src/metrics/detectors/pickle/torchArchive.js';
import { Weights } from '../../../src/metrics/detectors/weights.js';

// Written by PyTorch and Python: small.py.
const file = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../test/metrics/detectors/${name}`, import.meta.url)));
const torchFile = file('small.pth');
const torchArchive = file('smallToday.pth');
const numpyFile = file('small.ckpt');

const open = (bytes: Uint8Array, read: (bytes: Uint8Array) => RawArrays) => new Weights('small', bytes, read, 'a test');

test('tensors of PyTorch keep their values: whole, transposed, a part, empty', () => {
  for (const bytes of [torchFile, torchArchive]) checkTensors(open(bytes, readStateDict));
});

function checkTensors(weights: Weights): void {
  const counted = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  assert.deepEqual([...weights.tensor('whole.weight', [2, 3, 4]).toTypedArray()], counted(0, 24));
  const transposed = weights.tensor('transposed', [4, 2, 3]).tolist() as number[][][];
  for (let a = 0; a < 4; a++)
    for (let b = 0; b < 2; b++) for (let c = 0; c < 3; c++) assert.equal(transposed[a][b][c], 12 * b + 4 * c + a);
  assert.deepEqual([...weights.tensor('part', [3, 4]).toTypedArray()], counted(12, 24));
  assert.equal(weights.tensor('empty', [0, 5]).size, 0);
}

test('arrays of NumPy keep their values, named by the keys of their dicts', () => {
  const weights = open(numpyFile, readNumpyFile);
  assert.deepEqual(weights.tensor('params > first > kernel', [2, 3]).tolist(), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
  assert.deepEqual(weights.tensor('params > bias', [1]).tolist(), [0.5]);
  assert.deepEqual(weights.tensor('batch_stats > mean', [1, 1, 2]).tolist(), [[[0, 0]]]);
});

test('an array that is missing, or has another shape or type, is one sentence', () => {
  const weights = open(torchFile, readStateDict);
  const start = 'small holds no weights of a test: ';
  assert.throws(() => weights.tensor('absent', [1]), {
    name: 'RinError',
    message: `${start}it has no absent; expected the file that docs/detectors.md names`,
  });
  assert.throws(() => weights.tensor('part', [4, 3]), {
    name: 'RinError',
    message: `${start}part is [3, 4], expected [4, 3]; use the file that docs/detectors.md names`,
  });
  assert.throws(() => weights.tensor('count', []), /it has no count/); // int64
});

test('a pickle that would run a program is refused, and nothing runs', () => {
  const programs = [
    'cos\nsystem\n(X\x04\0\0\0echotR.', // os.system('echo')
    'cbuiltins\neval\n(X\x03\0\0\x001+1tR.',
    'ctorch\nload\n(X\x01\0\0\0atR.',
    'cnumpy\nload\n(X\x01\0\0\0atR.',
    '(ios\nsystem\n.', // the opcode INST
    'X\x02\0\0\0osX\x06\0\0\0system\x93)R.', // STACK_GLOBAL
    'ccollections\nOrderedDict\n)\x81.', // NEWOBJ
    '\x82\x01.', // EXT1
  ];
  for (const program of programs) {
    for (const read of [readStateDict, readNumpyFile]) {
      const bytes = Buffer.from(`\x80\x04${program}`, 'latin1');
      assert.throws(() => open(bytes, read), {
        name: 'RinError',
        message: /which is not allowed|plain data do not use/,
      });
    }
  }
});

test('a dict that holds itself, or would unfold without end, is refused', () => {
  const itself = Buffer.from('\x80\x04}\x94X\x01\0\0\0ah\0s.', 'latin1');
  assert.throws(() => open(itself, readNumpyFile), { name: 'RinError', message: /nested too deeply/ });
  // Ten keys, all with the dict of the level below: 10^12 leaves from 400 bytes.
  const levels = Array.from({ length: 12 }, (_, level) => {
    const keys = Array.from(
      { length: 10 },
      (_, key) => `X\x01\0\0\0${key}${level === 0 ? '}' : `h${String.fromCharCode(level - 1)}`}s`,
    );
    return `}${keys.join('')}q${String.fromCharCode(level)}`;
  });
  const wide = Buffer.from(`\x80\x04${levels.join('')}.`, 'latin1');
  assert.throws(() => open(wide, readNumpyFile), { name: 'RinError', message: /nested too deeply/ });
});

test('sizes that no file can hold are refused before memory is taken', () => {
  const huge = Buffer.from(numpyFile);
  const shape = huge.indexOf(Buffer.from([0x4b, 2, 0x4b, 3, 0x86])); // BININT1 2, BININT1 3, TUPLE2
  assert.ok(shape > 0);
  huge[shape + 1] = 255;
  assert.throws(() => open(huge, readNumpyFile), { name: 'RinError', message: /does not fill it/ });
  const cut = torchFile.subarray(0, torchFile.length - 8);
  assert.throws(() => open(cut, readStateDict), {
    name: 'RinError',
    message: /^small holds no weights of a test: it is cut short.*; get the file again$/,
  });
});

test('a damaged file gives arrays that fill their shape, or one error', () => {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const damage = (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    for (let i = 1 + random(4); i > 0; i--) {
      if (random(4) === 0) copy.copyWithin(random(copy.length), random(copy.length));
      else copy[random(copy.length)] = random(256);
    }
    return random(8) === 0 ? copy.subarray(0, random(copy.length)) : copy;
  };
  let refused = 0;
  for (const [bytes, read] of [
    [torchFile, readStateDict],
    [torchArchive, readStateDict],
    [numpyFile, readNumpyFile],
  ] as const) {
    for (let round = 0; round < 3_000; round++) {
      const damaged = damage(bytes);
      try {
        open(damaged, (all) => {
          const arrays = read(all);
          for (const { shape, bytes: elements, dtype } of arrays.values()) {
            const width = dtype === 'float32' ? 4 : 8;
            assert.equal(
              shape.reduce((product, size) => product * size, width),
              elements.length,
            );
          }
          return arrays;
        });
      } catch (error) {
        assert.ok(error instanceof RinError, error instanceof Error ? error.stack : String(error));
        refused++;
      }
    }
  }
  assert.ok(refused > 1_500, `${refused} of 9,000 were refused`);
});
