import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heatColour, heatOver } from '../../src/media/heat.js';

type Rows = readonly (readonly number[])[];

/**
 * What people see in whom one kind of cone is missing, in linear light (Machado, Oliveira & Fernandes 2009, table 1, severity 1).
 */
const eyes: Readonly<Record<string, Rows>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (byte: number): number => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
};

/** CIE lightness L*, 0 to 100, of a colour as some eyes see it. */
function lightness(colour: readonly number[], seen: Rows): number {
  const light = seen.map((row) => row.reduce((sum, weight, i) => sum + weight * linear(colour[i]), 0));
  const y = Math.max(0, 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]);
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

test('more heat is lighter for all eyes, and equal steps of heat are steps of lightness', () => {
  for (const [name, seen] of Object.entries(eyes)) {
    const levels = Array.from({ length: 21 }, (_, i) => lightness(heatColour(i / 20), seen));
    for (const [i, level] of levels.slice(1).entries())
      assert.ok(level > levels[i] + 1, `${name}: ${level} after ${levels[i]} at ${i / 20}`);
    assert.ok(levels[20] - levels[0] > 60, name);
  }
});

test('values beyond the scale have the colours of its ends', () => {
  assert.deepEqual(
    [heatColour(-1), heatColour(0)],
    [
      [68, 1, 84],
      [68, 1, 84],
    ],
  );
  assert.deepEqual(
    [heatColour(1), heatColour(9)],
    [
      [253, 231, 37],
      [253, 231, 37],
    ],
  );
});

test('a map lies over the picture row by row, with the colours of the scale on white', () => {
  const white = { data: new Uint8Array(2 * 6).fill(255), shape: [1, 2, 6] };
  const { data, shape } = heatOver(white, { grid: [2, 3], values: [0, 0, 0, 0, 0, 1] });
  assert.deepEqual(shape, [3, 2, 6]);
  const colours = Array.from({ length: 12 }, (_, at) => [data[at], data[12 + at], data[24 + at]]);
  for (const [at, colour] of colours.entries()) assert.deepEqual(colour, heatColour(at >= 10 ? 1 : 0), `pixel ${at}`);
  const black = heatOver({ ...white, data: new Uint8Array(12) }, { grid: [1, 1], values: [1] });
  assert.ok(black.data[0] > 60 && black.data[0] < 128, 'black is darker, and its colour still readable');
  // a colour picture counts by its brightness
  const red = { data: Uint8Array.from([255, 0, 0]), shape: [3, 1, 1] };
  assert.equal(heatOver(red, { grid: [1, 1], values: [1] }).data[0], Math.round(253 * (0.35 + 0.65 * 0.299)));
});
