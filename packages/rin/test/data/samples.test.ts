import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Loader } from '../../src/data/loader.js';
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

const first = Float32Array.of(1, 2, 3, 4);
const second = Float32Array.of(5, 6, 7, 8);

test('condition sequences come with their samples, copied; a sample may have none', async () => {
  const reused = first.slice();
  function* conditioned() {
    yield { ...a, condition: reused };
    reused.fill(0);
    yield b;
    yield { ...b, condition: second };
  }
  const data = await datasetFromSamples(conditioned(), shape, { condition: [2, 2] });
  assert.deepEqual(data.conditionShape, [2, 2]);
  assert.deepEqual(
    [0, 1, 2].map((i) => data.condition?.(i)),
    [first, undefined, second],
  );
  const loader = new Loader(data, { seed: 3, batch: 6, flip: false });
  const { pixels, sequences = new Float32Array() } = await loader.next(0);
  await loader.close();
  for (let i = 0; i < 6; i++) {
    const sequence = Array.from(sequences.subarray(4 * i, 4 * i + 4));
    const known = [first, new Float32Array(4), second].map((each) => Array.from(each));
    const place = known.findIndex((each) => each.join() === sequence.join());
    assert.equal(pixels[3 * i], place === 0 ? 1 : 4, 'the pixels of the same sample');
  }
  assert.equal((await datasetFromSamples([{ ...a, condition: first }], shape)).conditionShape?.join(), '1,4');
  assert.equal((await datasetFromSamples([a], shape, { condition: [2, 2] })).conditionShape, undefined);
});

test('a condition sequence that does not fit is told by the number of its sample', async () => {
  const of = (...conditions: unknown[]) =>
    problem(
      datasetFromSamples(
        conditions.map((condition) => ({ ...a, condition: condition as Float32Array })),
        shape,
      ),
    );
  assert.equal(await of(first, first.slice(1)), 'samples: sample 1: condition has 3 numbers; expected 4, 1 × 4');
  assert.equal(await of([1, 2]), 'samples: sample 0: condition is not a Float32Array');
  assert.equal(
    await of(Float32Array.of(1, Number.POSITIVE_INFINITY)),
    'samples: sample 0: condition has Infinity at 1; expected finite numbers',
  );
});

test('the fingerprint covers the condition sequences', async () => {
  const print = async (condition: Float32Array | undefined, dims?: [number, number]) =>
    (await datasetFromSamples([{ ...a, ...(condition && { condition }) }], shape, dims && { condition: dims }))
      .fingerprint;
  const prints = [await print(undefined), await print(first), await print(second), await print(first, [2, 2])];
  assert.equal(new Set(prints).size, 4);
  assert.equal(await print(first.slice()), prints[1]);
});
