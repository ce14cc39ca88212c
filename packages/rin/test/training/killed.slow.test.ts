import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/config.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { dieAt } from '../disk/dying.js';
import { freshFolder, media, outcome, samples, tiny } from './tiny.js';

const training = { training: { images: 48, logEvery: 24, checkpointEvery: 24, sampleEvery: 48 } };
const model = 'model.safetensors';
interface Medium {
  readonly config: Config;
  readonly files: readonly string[];
}

async function finish(runsFolder: string, { config, files }: Medium): Promise<ReturnType<typeof outcome>> {
  const { run, finished } = await train({ config, data: samples, runsFolder });
  assert.ok(run && finished);
  assert.deepEqual(
    readdirSync(run).filter((name) => /part/.test(name)),
    [],
    'nothing half-made is left',
  );
  const imagesIn = (name: string) => readFileSync(join(run, name), 'utf8').match(/"images":\d+/g);
  assert.deepEqual(imagesIn('timing.jsonl'), imagesIn('stats.jsonl'));
  return outcome(run, files);
}

for (const [name, { changes, files }] of Object.entries(media)) {
  const medium = { config: tiny({ ...changes, ...training }), files: files.filter((file) => !file.includes('96k')) };
  test(`a run of ${name} killed at any write resumes to the same bytes`, async () => {
    const whole = await finish(freshFolder(), medium);
    for (let n = 1; ; n++) {
      const runsFolder = freshFolder();
      const killed = await dieAt(n, () => train({ config: medium.config, data: samples, runsFolder }));
      assert.deepEqual(await finish(runsFolder, medium), whole, `killed at write ${n}`);
      if (!killed) break; // no write was left to be killed at: every point was tried
      assert.ok(n < 1000);
    }
  });
}

test('a process killed by SIGKILL again and again resumes to the same bytes', async () => {
  const long = tiny({ training: { images: 800, sampleEvery: 0, checkpointEvery: 40 } });
  const [undisturbed, runsFolder] = [freshFolder(), freshFolder()];
  await trainInProcess(long, undisturbed);
  let kills = 0;
  while (await trainInProcess(long, runsFolder, 40 * kills)) assert.ok(++kills < 60);
  assert.ok(kills >= 3, `killed ${kills} times only`);
  const [name] = readdirSync(undisturbed);
  assert.deepEqual(outcome(join(runsFolder, name), [model]), outcome(join(undisturbed, name), [model]));
});

/** Trains in a process of its own, which is killed some milliseconds after its first update; whether it was. */
async function trainInProcess(config: Config, runsFolder: string, milliseconds?: number): Promise<boolean> {
  const script = fileURLToPath(new URL('trainChild.js', import.meta.url));
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [script, JSON.stringify(config), runsFolder], { stdio: [...stdio] });
  child.stdout?.once('data', () => {
    if (milliseconds !== undefined) setTimeout(() => child.kill('SIGKILL'), milliseconds);
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.ok(code === 0 || signal === 'SIGKILL', `the child ended with ${code ?? signal}`);
  return signal !== null;
}
