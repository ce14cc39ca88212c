import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from '../../../src/media/sharp.js';
import { folderOf, rampAnimation } from '../../data/fixtures.js';
import { rin } from '../rin.js';

const small = '--model.latents 4 --model.latentDim 16 --model.latentHeads 2 --model.interfaceDim 16'.split(' ');
const short = ['--images', '8', '--training.batch', '4', '--training.sampleEvery', '0', '--training.warmup', '0'];

async function clips(): Promise<string> {
  const gif = (frames: number, loop = 0) => rampAnimation('gif', frames, { width: 8, height: 8, loop });
  return folderOf({ 'v/up/a.gif': await gif(8), 'v/up/b.gif': await gif(3, 1), 'v/down/c.gif': await gif(12) });
}

test('info of clips tells lengths, rates and sizes, and draws strips; animations are clips without being asked', async () => {
  const cwd = await clips();
  const { code, stdout, stderr } = await rin(['data', 'info', 'v', '--sheet', 'sheet.png', '--quick'], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(
    stdout,
    `v: 3 recordings, 2 classes
formats  all gif
sizes    all 8×8
frames   3 to 12, median 8
rate     all 10 frames per second
length   0.3 s to 1.2 s, median 0.8 s
cached   nothing yet
  1  down
  2  up
preset   bouncing, for clips of 8 pixels
size     2×8×8, the size of the frames; all recordings are long enough; patches of 2×2×2 make 16 tokens
images   20,000, each clip about 1,818 times
command  rin train --data v --size 2,8,8 --images 20000
sheet.png: some of the clips
`,
  );
  const { width = 0, height = 0 } = await sharp(join(cwd, 'sheet.png')).metadata();
  assert.ok(width > 8 * 96 && height > 3 * 96, `${width}×${height}`);
});

test('convert writes clips, and training on them works without ffmpeg', async () => {
  const cwd = await clips();
  const made = await rin(['data', 'convert', 'v', 'clips', '--size', '4,8,8', '--stride', '2'], { cwd });
  assert.equal(
    made.stdout,
    'skipped up/b.gif: 3 frames; a sample needs 4\nclips: 8 clips, 4 frames of 8×8, colour; rin train --data clips --size 4,8,8\n',
  );
  const trained = await rin(['train', '--data', 'clips', '--size', '4,8,8', '--run', 'run', ...small, ...short], {
    cwd,
  });
  assert.equal(trained.code, 0, trained.stderr);
  assert.match(trained.stdout, /data: clips, 8 samples in 2 classes/);
  assert.ok(existsSync(join(cwd, 'run/model.safetensors')));
  assert.match(readFileSync(join(cwd, 'run/config.yaml'), 'utf8'), /size: \[4, 8, 8\]/);
  const heard = await rin(['train', '--data', 'clips', '--size', '[64]', '--run', 'no'], { cwd });
  assert.equal(heard.code, 1);
  assert.equal(heard.stderr, 'clips: samples of [3, 4, 8, 8], which are no sounds; give --size 4,8,8\n');
});

test('a source of animations without a size gets the preset of clips, and skipped files are counted', async () => {
  const cwd = await clips();
  const { code, stdout, stderr } = await rin(
    ['train', '--data', 'v', '--size', '4,8,8', '--run', 'run', '--data.stride', '4', ...small, ...short],
    { cwd },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^v: 3 recordings, so the preset is bouncing; size 4×8×8; patch 2×2×2; 8 clips seen$/m);
  assert.match(stdout, /data: v, 5 samples in 2 classes, 1 skipped \(listed in data\.json\)/);
  const data = JSON.parse(readFileSync(join(cwd, 'run/data.json'), 'utf8'));
  assert.deepEqual(data.skipped, [{ name: 'up/b.gif', reason: '3 frames; a sample needs 4' }]);
});

test('wrong calls with clips', async () => {
  const cwd = await clips();
  for (const [args, sentence] of [
    [['data', 'convert', 'v', 'x', '--size', '8', '--stride', '2'], /--stride is for clips; give --size three axes/],
    [['data', 'convert', 'bouncing', 'x', '--size', '4,8,8'], /made when they are needed, and never end/],
    [['train', '--data', 'emoji', '--size', '4,8,8'], /"emoji" has pictures, but the samples are clips/],
    [['train', '--preset', 'emoji-64', '--data', 'bouncing'], /"bouncing" has clips; give model\.size three axes/],
  ] as const) {
    const { code, stderr } = await rin([...args], { cwd });
    assert.ok(code === 1 || code === 2, args.join(' '));
    assert.match(stderr, sentence);
  }
  assert.ok(!existsSync(join(cwd, 'x')));
});
