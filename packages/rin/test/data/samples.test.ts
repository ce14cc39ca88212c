import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetFromSamples } from '../../src/data/samples.js';
import { contents, problem } from './fixtures.js';

const shape = [3, 1, 1];
const a = { pixels: Uint8Array.of(1, 2, 3), label: 1 };
const b = { pixels: Uint8Array.of(4, 5, 6), label: 0 };

test('a program hands over a list, a generator or a stream', async () => {
  function* generator() {
    yield a;
    yield b;
  }
  async function* asynchronous() {
    yield* generator();
  }
  for (const samples of [[a, b], generator(), asynchronous()]) {
    const data = await datasetFromSamples(samples, shape);
    assert.deepEqual(contents(data), [
      { colour: [1, 2, 3], class: '1' },
      { colour: [4, 5, 6], class: '0' },
    ]);
  }
});

test('the buffer may be used again for the next sample', async () => {
  for (const pixels of [new Uint8Array(3), Buffer.alloc(3)]) {
    function* reusing() {
      for (let i = 0; i < 3; i++) yield { pixels: pixels.fill(i) };
    }
    const firsts = contents(await datasetFromSamples(reusing(), shape)).map(({ colour }) => colour[0]);
    assert.deepEqual(firsts, [0, 1, 2]);
  }
});

test('classes are numbers, names, or names of the program', async () => {
  const named = (labels: (string | number | null | undefined)[]) =>
    labels.map((label) => ({ pixels: a.pixels, label }));
  const classes = async (labels: Parameters<typeof named>[0], names?: string[]) => {
    const data = await datasetFromSamples(named(labels), shape, names && { classes: names });
    return [data.classes, labels.map((_, i) => data.label(i))];
  };
  assert.deepEqual(await classes(['owl', null, 'ape']), [
    ['ape', 'owl'],
    [1, -1, 0],
  ]);
  assert.deepEqual(await classes([undefined]), [[], [-1]]);
  assert.deepEqual(await classes([2, 0]), [
    ['0', '1', '2'],
    [2, 0],
  ]);
  assert.deepEqual(await classes([1, 'x', null], ['x', 'y', 'z']), [
    ['x', 'y', 'z'],
    [1, 0, -1],
  ]);
  assert.match(await problem(classes([3], ['x', 'y'])), /sample 0: class 3 is not one of the 2 classes: x, y/);
  assert.match(await problem(classes(['w'], ['x', 'y'])), /class "w" is not one of/);
  assert.match(await problem(classes([1, 'x'])), /class "x" has no number/);
});

test('a sample that does not fit is told by its number', async () => {
  const short = { pixels: new Uint8Array(2) };
  assert.match(
    await problem(datasetFromSamples([a, short], shape)),
    /samples: sample 1: 2 values, but \[3, 1, 1\] has 3/,
  );
  assert.match(
    await problem(datasetFromSamples([{ ...a, label: 1.5 }], shape)),
    /sample 0: label 1.5: expected an integer/,
  );
  assert.match(
    await problem(datasetFromSamples([], shape, { name: 'mine' })),
    /mine: no samples; expected at least one/,
  );
  const floats: unknown[] = [{ pixels: new Float32Array(3) }];
  assert.match(await problem(datasetFromSamples(floats as (typeof a)[], shape)), /pixels is not a Uint8Array/);
});

test('the fingerprint tells contents apart', async () => {
  const print = async (...args: Parameters<typeof datasetFromSamples>) =>
    (await datasetFromSamples(...args)).fingerprint;
  assert.equal(await print([a, b], shape), await print([a, b], shape));
  const others = [
    await print([b, a], shape),
    await print([a, { ...b, label: 1 }], shape),
    await print([a, b], [1, 1, 3]),
  ];
  assert.equal(new Set([...others, await print([a, b], shape)]).size, 4);
});
