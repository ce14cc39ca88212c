import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dieAt } from '../../disk/dying.js';
import { python, root } from '../../pytorch/ask.js';
import { freshFolder } from '../tiny.js';
import { boardRun } from './boardRun.js';
import { assertLines, assertPictures, eventFiles, statsOf, tags } from './readEvents.js';

test('a run that is killed at any write supersedes what came after its checkpoint', async () => {
  const training = { images: 96, logEvery: 24, checkpointEvery: 48 };
  for (let n = 8; ; n += 8) {
    const runsFolder = freshFolder();
    const isKilled = await dieAt(n, () => boardRun(runsFolder, training));
    const run = await boardRun(runsFolder, training);
    assertLines(run);
    assertPictures(run, [48, 96]);
    if (!isKilled) break;
  }
});

const pythons = [python, 'python3'].filter((name) => name !== undefined);
const reader = pythons.find((name) => spawnSync(name, ['-c', 'import tensorboard'], { cwd: '/' }).status === 0);
const skip = reader === undefined && 'no Python with TensorBoard is here; npm run python makes one';

test("TensorBoard's own reader finds the statistics and the previews, also after a rollback and half an event", {
  skip,
}, async () => {
  const runsFolder = freshFolder();
  const training = { images: 96, logEvery: 8, checkpointEvery: 32 };
  const run = await boardRun(runsFolder, { ...training, at: 40 });
  let changes = 0;
  // The process dies after lines that the next start takes back, and leaves half an event.
  while (await dieAt(++changes + 40, () => boardRun(runsFolder, training)));
  const [first, ...later] = eventFiles(run);
  assert.ok(later.length > 0);
  appendFileSync(first, readFileSync(first).subarray(0, 20));
  const script = join(root, 'packages/rin/test/training/tensorboard/board.py');
  const { status, stdout, stderr } = spawnSync(reader ?? assert.fail(), [script, run], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { scalars, pictures } = JSON.parse(stdout);
  for (const [tag, key] of Object.entries(tags))
    assert.deepEqual(
      scalars[tag],
      statsOf(run).map((line) => [line.images, Math.fround(line[key])]),
      tag,
    );
  const png = (name: string) => readFileSync(join(run, name));
  const expected = [48, 96].map((images) => {
    const bytes = png(`fakes-000000.0${images}k.png`);
    return [images, bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes.toString('hex')];
  });
  assert.deepEqual(pictures.samples, expected);
});
