import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RinError } from '@rin/core';
import { continuedClips, continuedLine } from '../../../src/cli/commands/continued.js';
import { command } from '../../../src/cli/commands/sample.js';
import { sampleRequest } from '../../../src/cli/commands/sampleRequest.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';
import { parseConfig } from '../../../src/config/parse.js';
import { loadModel, saveModel } from '../../../src/diffusion/modelFile.js';
import { encodePng } from '../../../src/media/png.js';
import { RIN } from '../../../src/model/rin.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-continued-'));
after(() => rmSync(folder, { recursive: true }));

const small = { patch: [2, 4, 4], latents: 4, latentDim: 16, latentHeads: 2, interfaceDim: 16, readWriteHeads: 2 };
async function modelFile(name: string, model: object): Promise<string> {
  const config = parseConfig({ model: { ...small, depth: [1], ...model }, sampling: { steps: 1 } } as unknown, name);
  const path = join(folder, `${name}.safetensors`);
  const parameters = new RIN(config.model).parameters();
  await saveModel(path, { config, classes: [], meanSquare: 0.3, parameters });
  return path;
}

let [continues, plain] = ['', ''];
before(async () => {
  continues = await modelFile('continues', { size: [4, 8, 8], givenFrames: 2 });
  plain = await modelFile('plain', { size: [4, 8, 8] });
  for (const clip of ['a', 'b', 'c']) {
    mkdirSync(join(folder, 'clips', clip), { recursive: true });
    for (const frame of [0, 1]) {
      const data = new Uint8Array(3 * 64).fill(clip.charCodeAt(0) + frame);
      writeFileSync(join(folder, 'clips', clip, `${frame}.png`), await encodePng({ data, shape: [3, 8, 8] }));
    }
  }
});

const asked = (...args: string[]) => parseArguments(command, args);

test('each clip of a folder is continued once, unless seeds are named; --frames is the length', async () => {
  const model = await loadModel(continues);
  const of = async (...args: string[]) => {
    const given = asked('--given', join(folder, 'clips'), ...args);
    const clips = await continuedClips(model, given);
    return { line: continuedLine(clips ?? []), ...sampleRequest(model, given, clips) };
  };
  const { seeds, given = [], frames, line } = await of();
  assert.equal(line, 'continues 3 clips: a, b, c');
  assert.deepEqual(seeds, [0, 1, 2]);
  assert.deepEqual(
    given.map(({ data, shape }) => [data[0], data[64], ...shape]),
    ['a', 'b', 'c'].map((name) => [name.charCodeAt(0), name.charCodeAt(0) + 1, 3, 2, 8, 8]),
  );
  assert.equal(frames, undefined);
  const longer = await of('--frames', '64', '--seeds', '5-9');
  assert.deepEqual([longer.frames, longer.seeds, longer.given?.length], [64, [5, 6, 7, 8, 9], 3]);
});

test('a model that continues clips needs --given, and another refuses it', async () => {
  const refused = async (file: string, message: string, ...args: string[]) =>
    assert.rejects(continuedClips(await loadModel(file), asked(...args)), new RinError(message));
  await refused(
    continues,
    'this model continues clips: name one with --given, of at least 2 frames: ' +
      'a video, an animated GIF, WebP or PNG, a folder of frames, or a folder of these',
  );
  const leaveOut = 'this model was trained without given frames (model.givenFrames 0), so leave it out';
  await refused(plain, `--given: ${leaveOut}`, '--given', 'clips');
  await refused(plain, `--frames: ${leaveOut}`, '--frames', '9');
  assert.equal(await continuedClips(await loadModel(plain), asked()), undefined);
});
