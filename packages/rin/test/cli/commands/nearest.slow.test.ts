import assert from 'node:assert/strict';
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from '../../../src/media/sharp.js';
import { rin } from '../rin.js';
import { workplace } from '../tiny.js';

test('pictures of any run are drawn beside the most similar training pictures', async () => {
  const cwd = await workplace();
  const short = ['--images', '160', '--training.sampleEvery', '0', '--validation', '0.34'];
  const trained = await rin(['train', '--config', 'tiny.yaml', '--data', 'pictures', ...short], { cwd });
  assert.equal(trained.code, 0, trained.stderr);
  const sample = (...args: string[]) => rin(['sample', ...args, '--seeds', '0-11', '--no-show'], { cwd });

  const { code, stdout, stderr } = await sample('0', '--nearest', 'out/nearest.png');
  assert.equal(code, 0, stderr);
  const [first, differ, reading] = stdout.trim().split('\n').slice(-3);
  assert.equal(
    first,
    'out/nearest.png: each picture has its most similar training picture on its right, of 4 in pictures, without the 2 held-out ones',
  );
  assert.match(
    differ,
    /^they differ by 0\.\d{3} on average \(.*\); training pictures differ from the most similar other one by 0\.\d{3}$/,
  );
  assert.match(reading, /^a similar difference means new pictures; a much smaller one means copies/);
  assert.ok(!existsSync(join(cwd, 'samples.png')));

  // Three rows of four pairs. The right half of each pair is a training picture: all its pixels have one colour of the data.
  const { data, info } = await sharp(join(cwd, 'out/nearest.png')).raw().toBuffer({ resolveWithObject: true });
  const [side, gap, outer] = [64, 16, 2]; // 8×8 pixels, eight times enlarged; two white pixels around each
  const pairWidth = 2 * side + 3 * gap + outer;
  const left = info.width - 4 * pairWidth;
  for (let i = 0; i < 12; i++) {
    const x = left + (i % 4) * pairWidth + 2 * gap + side;
    const y = outer + Math.floor(i / 4) * (side + 2 * gap + outer) + gap;
    const colours = new Set<string>();
    for (let dy = 0; dy < side; dy++)
      for (let dx = 0; dx < side; dx++) {
        const start = ((y + dy) * info.width + x + dx) * info.channels;
        colours.add(data.subarray(start, start + 3).join());
      }
    assert.equal(colours.size, 1, `pair ${i}: ${[...colours].slice(0, 4).join(' ')}`);
    const values = [...colours][0]
      .split(',')
      .map(Number)
      .sort((a, b) => a - b);
    assert.ok(values[0] === 0 && values[1] === 0 && [80, 240].includes(values[2]), `pair ${i}: ${values}`);
  }

  // A bare model file knows its source too; data that are gone are told before anything is drawn.
  copyFileSync(join(cwd, 'runs/00000-pictures-8-tiny/model.safetensors'), join(cwd, 'bare.safetensors'));
  const bare = await sample('bare.safetensors', '--nearest', 'bare.png', '--grid', 'grid.png');
  assert.match(bare.stdout, /: grid\.png\nbare\.png: .* of 4 in pictures, without/);
  renameSync(join(cwd, 'pictures'), join(cwd, 'moved'));
  const gone = await sample('0', '--nearest', 'gone.png');
  assert.deepEqual(
    [gone.code, gone.stderr, existsSync(join(cwd, 'gone.png'))],
    [
      1,
      `${join(cwd, 'pictures')}: the training pictures of this model are not there; name them: --data my-pictures\n`,
      false,
    ],
  );
  const named = await sample('0', '--nearest', 'named.png', '--data', 'moved');
  assert.match(named.stdout, /named\.png: .* of 4 in moved, without/);

  // A run that is resumed with the same data knows their new place.
  const longer = ['--images', '168', '--training.sampleEvery', '0', '--validation', '0.34'];
  const resumed = await rin(['train', '--config', 'tiny.yaml', '--data', 'moved', ...longer], { cwd });
  assert.match(resumed.stdout, /\nthe data that were at pictures are at moved now\n/, resumed.stderr);
  const again = await sample('0', '--nearest', 'again.png');
  assert.match(again.stdout, /again\.png: .* of 4 in moved, without/);
});

test('flags that do not go together are told before anything is drawn', async () => {
  const cwd = await workplace();
  for (const [args, message] of [
    [['--data', 'pictures'], '--data names the training data for --nearest; add --nearest nearest.png'],
    [['--nearest', 'a.webp'], '--nearest a.webp: expected the name of a PNG file, such as nearest.png'],
    [
      ['--nearest', 'a.png', '--seeds', '0-1024'],
      '--nearest with 1025 pictures: expected at most 1024; draw fewer --seeds',
    ],
  ] as const) {
    const { code, stderr } = await rin(['sample', ...args], { cwd });
    assert.deepEqual([code, stderr], [2, `${message}\nSee rin sample --help\n`]);
  }
});
