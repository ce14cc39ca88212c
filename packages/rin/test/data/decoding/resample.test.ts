import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from '../../../src/media/sharp.js';
import { folderOf, open, sample } from '../fixtures.js';

/*
 * What Pillow 13.0.0 makes of picture(width, height) by this program, planar, in base64:
 *
 *     def crop(image, side):
 *         while min(image.size) >= 2 * side: image = image.resize((image.width // 2, image.height // 2), Image.BOX)
 *         s = side / min(image.size)
 *         image = image.resize((round(image.width * s), round(image.height * s)), Image.BICUBIC)
 *         left, top = (image.width - side) // 2, (image.height - side) // 2
 *         return image.crop((left, top, left + side, top + side))
 */
const expected: [size: [number, number], base64: string][] = [
  [
    [67, 45],
    'mnZ/gYyOa4GBi4KFhHhveX2GiX56g36Bd4V9f3uBanyJc2eAh4d2hXqGgX6Ahod3jIB7eX+Le5h9fXeAgoNFboCBeWx6gGOChYSAhYaNfIaKenCEjYmMen92cIR3kGKLhYV7fIGFXHZ2g3x7f2FmhIKAfYKAhYV5gIWBgISLf36JfoKAgYFdfIZ1aImObTd4gIuCf31nXIlyeox+daqFc3N8eIWEineLfYSRh4OBdXt7iol+fYJ2eXmKgYOBjHyE',
  ],
  [
    [23, 40],
    'poZ+iXB3iYSQc3+EdY6DgJmTfHt3fXt5W4qCh3BtgGh6eYh4boaRc6qDZYRrkolsb4dzaJd7dlOVfHmXdpaMcZuIeG+Df5RzmHZ4gZGDlXNYi4qBjnJ1dXKMe3uagGxln310fHt0amN9dJVrcqCfb4mDa3+HcoR1dG6Kg21geYyYbZh8goJzS3WAfImNf39bZ3ZmiWeDqY6Da4B/fHh/lJCBhIN2bWeMh52SeWN0coOHkYKBd4yLjoSIe4RjZ3eI',
  ],
  [
    [13, 11],
    'BA0kR3a/tlAdLlB7v8JYtDZRfL7JU6ivUHSzw0mXpHBonLs8eJZTi4LBqEnGlIU4m+FGkYBvi5O+i1vHVr59lwURL1yrfECzIDRcmNFzlGE8WpHLXYVQbFmDsU9ftneBdKyvMpZHj4KQ00d7oHBLjLOoUb1ZhHin1W52iX+Jh5sGEzlyx4aaoCM6abV6bXiQQmOqfEDDeYphj81rgmyMZH+5VFmrXX96ob49p1ufg6LOZmCegI+WWKQ+ooV9enx1',
  ],
  [
    [5, 7],
    'BgcLEhsmNT8SFRwkMD1PWhwhKjRBUWVyJy04RFRlfIoyOUZVZnmSojxFVWV4jam6R1FjdYqhxNhRXHGGnLXc8wYJDhUgL0NQFBgfKTdHXm0gJS47S113hiwyPkxeco+fOD9NXnGIprhDTF1vhJzJ5E9abYGatLKuW2d8krTPWgwHCQ8ZJzhSYhYaIi8+Um+AIykzQVNph5oxN0RUaICgtD5FVWd8lrnPS1RmeZCs3v1YYnaLqszMxGVxh57G63ca',
  ],
  [
    [8, 8],
    'AAMMGzBLbJMRGSc7VXWbxyIvQlt6n8r7M0Vde5/J+S9EW3ibxPMoY1Vxk7vpHVeXZoeu2w5Hhst3ncn7M3G1/wAEECRAZJDEExwtRmeQwfomNEpojrzyMDlMZ4q16CNmTGSErNwUVJxffKHOA0CF0nKUvvAqbLYIhazbElGY5z4ABRQtUH209RUfM1F5q+ctKjlSdaLZGmU/U3GZywdNnVRtkL30NYDVaYev4R1jsw1+oc4FRpHmRZO77Slvvxl9',
  ],
  [
    [100, 37],
    'dpCWh2d6foGGi355Y36QiIB6i3B+gICMeHuGeHaIhXaAg315dXR7iIR+iX98hIiWe4mCe4COfHuEgoCMg2Bvhmh7fGJvfYVsiYaKjXOJd4OTgICBiIF/iYaNhomBaIKFe4GAbmaGhIWEhYZgc4J8gIl7YV+Ff4R6gXt+aYV9gXSAfHtxdYOFgYuNdTNciniMeohbRHx6fYZ8e3x4gIWHhYVwiY1+h3mPjYd3jZGGhIWIiXhugIOIg4dvfn6Jc4aK',
  ],
];

/** PNG of (x²(3 + c) + y(17 + 2c) + 5xy) mod 256. */
function picture(width: number, height: number): Promise<Buffer> {
  const at = (x: number, y: number, c: number) => (x * x * (3 + c) + y * (17 + 2 * c) + x * y * 5) % 256;
  const bytes = Array.from({ length: 3 * width * height }, (_, i) =>
    at(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
  );
  return sharp(Buffer.from(bytes), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

for (const [[width, height], base64] of expected) {
  test(`center-crop-dhariwal of ${width}×${height} is bit for bit what the authors' way gives in Pillow`, async () => {
    const folder = await folderOf({ 'a.png': await picture(width, height) });
    const data = await open(folder, { size: 8, data: { resize: 'center-crop-dhariwal' } });
    assert.deepEqual([...sample(data, 0)], [...Buffer.from(base64, 'base64')]);
  });
}

test('center-crop-dhariwal of a flat picture is flat, in every shape and in grey', async () => {
  const flat = await sharp({ create: { width: 50, height: 31, channels: 3, background: '#5a5a5a' } })
    .png()
    .toBuffer();
  const folder = await folderOf({ 'a.png': flat });
  for (const size of [
    [8, 8],
    [5, 16],
    [16, 5],
    [60, 60],
  ])
    for (const channels of [1, 3]) {
      const data = await open(folder, { size, channels, data: { resize: 'center-crop-dhariwal' } });
      assert.deepEqual(new Set(sample(data, 0)), new Set([0x5a]));
    }
});
