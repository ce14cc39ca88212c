import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { work } from '../data/fixtures.js';
import { rin } from './rin.js';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const program = join(work, 'node_modules/rin/bin/rin.js');

/** Puts a package where npm would, with the files that npm would pack, and nothing that was built for this machine. */
function install(source: string, name: string): void {
  const target = join(work, 'node_modules', name);
  const { files } = JSON.parse(readFileSync(join(root, source, 'package.json'), 'utf8')) as { files: string[] };
  for (const file of ['package.json', ...files]) {
    const from = join(root, source, file);
    if (existsSync(from)) cpSync(from, join(target, file), { recursive: true });
  }
}

before(() => {
  mkdirSync(join(work, 'node_modules/@rin'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!['@rin', 'rin', '.bin'].includes(name))
      symlinkSync(join(root, 'node_modules', name), join(work, 'node_modules', name));
  }
  install('packages/rin', 'rin');
  install('packages/torch', '@rin/torch');
});

test('the packed program has its presets, and helps without libtorch', async () => {
  assert.equal(dirname(dirname(program)), join(work, 'node_modules/rin'));
  const listed = await rin(['train', '--preset', 'list'], { program });
  assert.deepEqual([listed.code, listed.stderr], [0, '']);
  assert.match(listed.stdout, /^emoji-64 /m);
  for (const args of [['--help'], ['train', '--help'], ['sample', '--help'], ['--version']]) {
    assert.equal((await rin(args, { program })).code, 0, args.join(' '));
  }
  const dry = await rin(['train', '--data', 'emoji', '--dry-run'], { program });
  assert.deepEqual([dry.code, dry.stderr], [0, '']);
});

test('where the native part was not built, doctor and every command say what to run', async () => {
  const doctor = await rin(['doctor'], { program });
  assert.equal(doctor.code, 1, doctor.stderr);
  assert.match(doctor.stdout, /^✔ Node \d+/m);
  assert.match(doctor.stdout, /^✖ libtorch: the native addon is not built\n +run "npm run setup"/m);
  assert.match(doctor.stdout, /^✔ cache /m);
  const train = await rin(['train', '--data', 'emoji'], { program, cwd: work });
  assert.equal(train.code, 1);
  assert.match(train.stderr, /^the native part is not built yet .*npm run setup`\n$/);
});

test('where everything is there, doctor says what computes, where and how', async () => {
  const { code, stdout } = await rin(['doctor']);
  assert.equal(code, 0, stdout);
  for (const line of [
    /^✔ rin \d+\.\d+\.\d+$/m,
    /^✔ Node \d+\.\d+\.\d+ on linux x64$/m,
    /^✔ libtorch \d+\.\d+\.\d+.*: \/.*$/m,
    /^✔ .*libtorch uses \d+ threads and \w+$/m,
    /^[✔!] CUDA: /m,
    /^✔ computes on (cpu|cuda:\d) in (float32|bfloat16), because /m,
    /^[✔!] memory: \d.* GB, .* free$/m,
    /^✔ sharp \d+/m,
  ]) {
    assert.match(stdout, line);
  }
});
