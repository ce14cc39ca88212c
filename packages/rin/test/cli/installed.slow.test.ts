import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The packages as npm packs them, in an empty project of somebody else's. */
const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'rin-installed-'));
after(() => rmSync(project, { recursive: true }));

/** A shell of the user's: nothing in it tells that npm runs this test. */
const shell = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const ownData = { ...shell, XDG_CACHE_HOME: join(project, 'cache') };

function run(program: string, args: readonly string[], { cwd = project, env = shell as NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

function succeed(program: string, args: readonly string[], options?: Parameters<typeof run>[2]): string {
  const { code, stdout, stderr } = run(program, args, options);
  assert.equal(code, 0, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

const tarballs = () => readdirSync(project).flatMap((name) => (name.endsWith('.tgz') ? [`./${name}`] : []));

before(() => {
  // Without scripts: what packs would build first is built, and other tests are running from it.
  succeed('npm', ['pack', '--workspaces', '--ignore-scripts', '--pack-destination', project], { cwd: root });
  succeed('npm', ['init', '--yes']);
  succeed('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs()]);
});

/** Sources of a package without their ending. */
const sources = (name: string): string[] =>
  (readdirSync(join(root, 'packages', name, 'src'), { recursive: true }) as string[]).flatMap((path) =>
    path.endsWith('.ts') ? [path.slice(0, -'.ts'.length)] : [],
  );

for (const [name, tarball, others] of [
  [
    'web',
    /rin-web-/,
    /^(LICENSE|README\.md|package\.json|dist\/page\/(LICENSE\.txt|index\.html|page\.(css|js)|(worker|parity)\.js)|dist\/studio\/(LICENSE\.txt|index\.html|studio\.js|style\.css))$/,
  ],
  ['core', /rin-core-/, /^(LICENSE|README\.md|package\.json)$/],
  [
    'torch',
    /rin-torch-/,
    /^(LICENSE|README\.md|package\.json|native\/[\w/]+\.(cc|h)|setup\/[\w-]+\.(mjs|d\.mts|py|txt))$/,
  ],
  [
    'rin',
    /rin-\d/,
    /^(LICENSE|NOTICE|README\.md|package\.json|bin\/rin\.js|models\/[\w-]+\.safetensors|presets\/[\w-]+\.yaml|page\/page\.(css|js))$/,
  ],
] as const) {
  test(`the tarball of ${name} holds each source compiled, with its types, and only what else is needed`, () => {
    const path = tarballs().find((each) => tarball.test(each)) ?? '';
    const files = succeed('tar', ['-tzf', path])
      .trim()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''));
    const compiled = sources(name).flatMap((source) => [`dist/src/${source}.js`, `dist/src/${source}.d.ts`]);
    assert.deepEqual(files.filter((file) => !others.test(file)).sort(), compiled.sort());
  });
}

test('before set-up it helps, and says in one sentence what to run', () => {
  assert.match(succeed('node_modules/.bin/rin', ['train', '--preset', 'list']), /^emoji-64 /m);
  for (const args of [['--help'], ['train', '--help']]) succeed('node_modules/.bin/rin', args);
  const dry = run('node_modules/.bin/rin', ['train', '--data', 'emoji', '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stderr, /^network: interface \d+ × \d+, latents \d+ × \d+ \(tokens × width\)$/m);
  assert.match(dry.stderr, /^parameters, work, time, memory and disk: unknown until rin is set up$/m);
  const train = run('npx', ['rin', 'train', '--data', 'emoji'], { env: ownData });
  assert.deepEqual([train.code, train.stderr], [1, 'rin is not set up yet: run "npx rin setup"\n']);
  const doctor = run('npx', ['rin', 'doctor']);
  assert.equal(doctor.code, 1, doctor.stderr);
  assert.match(doctor.stdout, /^✖ libtorch: the native addon is not built\n {4}run "npx rin setup"/m);
  const program = run(process.execPath, ['--input-type=module', '-e', "import '@rin/torch'"]);
  assert.match(program.stderr, /TorchError: the native addon is not built .*: run `npx rin-torch-setup`/);
});

test('npx rin setup makes it ready: it trains, samples, and a typed program compiles and runs', () => {
  succeed('npx', ['rin', 'setup']);
  assert.ok(existsSync(join(project, 'node_modules/@rin/torch/build/rin_torch.node')));
  assert.match(succeed('npx', ['rin', 'doctor']), /^✔ libtorch \d/m);

  const small = ['--size', '16', '--model.patch', '8', '--batch', '8', '--images', '16', '--training.warmup', '8'];
  succeed('npx', ['rin', 'train', '--data', 'emoji', ...small], { env: ownData });
  succeed('npx', ['rin', 'sample', '--seeds', '0', '--steps', '2']);
  succeed('npx', ['rin', 'report', '--out', 'report.html']);
  assert.ok(existsSync(join(project, 'samples.png')));

  const compilerOptions = { strict: true, module: 'nodenext' };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['program.mts'] }));
  writeFileSync(join(project, 'program.mts'), program);
  succeed(process.execPath, [join(root, 'node_modules/typescript/lib/tsc.js'), '-p', '.']);
  assert.equal(succeed(process.execPath, ['program.mjs']), '3,64,64 6\n');
  assert.match(succeed('npx', ['rin-torch-setup']), /^$/); //            nothing is left to do, and stdout is for results
});

const program = `import { type Config, loadModel, loadPreset, type Progress, sample, train } from 'rin';
import { scope, tensor } from '@rin/torch';

const config: Config = loadPreset('emoji-64');
const onProgress = ({ images }: Progress): void => console.log(images);
export const start = () => train({ config, data: 'emoji', onProgress });
// @ts-expect-error A number is no data.
export const wrong = () => train({ config, data: 3 });

const model = await loadModel('node_modules/rin/models/emoji-64.safetensors');
const [image] = await sample(model, { seeds: [0], classes: ['cat'], steps: 2 });
const sum: number = scope(() => tensor([1, 2, 3]).sum().item());
console.log(String(image.shape), sum);
`;
