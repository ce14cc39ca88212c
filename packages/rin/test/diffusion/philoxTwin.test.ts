import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normals, type Purpose, purposes } from '@rin/core';
import { empty, philoxNormal, scope } from '@rin/torch';

const largest = 2 ** 53 - 1;

/** Draws a batch with both, and compares bits. */
function compare(seed: number, purpose: Purpose, samples: number[], step: number, width: number): void {
  const drawn = scope(() =>
    philoxNormal(empty([samples.length, width]), { seed, samples, step, purpose: purposes[purpose] }).toTypedArray(),
  );
  const native = new Uint32Array(drawn.buffer);
  const row = new Float32Array(width);
  const bits = new Uint32Array(row.buffer);
  samples.forEach((sample, b) => {
    normals(seed, purpose, sample, step, row);
    const at = bits.findIndex((word, i) => word !== native[b * width + i]);
    assert.equal(
      at,
      -1,
      `seed ${seed}, ${purpose}, sample ${sample}, step ${step}: number ${at} of ${width} is ${row[at]} in TypeScript, ${drawn[b * width + at]} natively`,
    );
  });
}

test('native normals have the bits of the TypeScript ones: two million of one stream', () => {
  compare(0, 'noise', [0], 0, 2_000_000);
});

test('…for every purpose, with seeds, samples and steps at the ends of their ranges', () => {
  for (const purpose of Object.keys(purposes) as Purpose[]) {
    for (const seed of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48 + 12345, largest]) {
      for (const step of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
        compare(seed, purpose, [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, largest], step, 130);
      }
    }
  }
});

test('…for every length of a row, short, odd, and around the sizes at which the work is divided', () => {
  for (let width = 1; width <= 600; width++) compare(7, 'sampleStart', [3, 2 ** 40 + 5], 9, width);
  for (const width of [1023, 1024, 1025, 4095, 8191, 65_537]) compare(7, 'sampleStep', [1, 2], 9, width);
});
