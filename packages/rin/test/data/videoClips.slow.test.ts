import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { surveyClips } from '../../src/data/clipSurvey.js';
import { hasFfmpeg, open, shared } from './fixtures.js';

const folder = shared('video-clips');
const skip = !existsSync(folder) ? `${folder} is not there` : !hasFfmpeg && 'ffmpeg is not installed';

interface Row {
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

test('real films: the facts that their list tells, and as many clips as their frames make', { skip }, async () => {
  const lines = readFileSync(join(folder, 'metadata.jsonl'), 'utf8').trim().split('\n');
  const rows = new Map(lines.map((line): [string, Row] => [JSON.parse(line).file_name, JSON.parse(line)]));
  const { recordings, skipped } = await surveyClips(folder);
  assert.deepEqual([recordings.length, skipped], [31, []]);
  for (const { name, width, height, frames } of recordings) {
    const row = rows.get(name);
    assert.deepEqual([width, height, frames], [row?.width, row?.height, row?.frames], name);
  }
  const data = await open(join(folder, 'asl-gestures'), { size: [16, 32, 32] });
  const whole = [...rows.values()]
    .filter(({ file_name }) => file_name.startsWith('asl-gestures/'))
    .reduce((sum, { frames }) => sum + Math.floor(frames / 16), 0);
  assert.deepEqual(data.skipped, []);
  // Films with gaps in time become a little longer.
  assert.ok(data.length >= whole && data.length <= whole + 3, `${data.length} clips instead of about ${whole}`);
  data.close();
});
