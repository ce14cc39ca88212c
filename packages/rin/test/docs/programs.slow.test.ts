import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { solid } from '../data/fixtures.js';
import { pages, programOfReference, programsOf, references, root } from './pages.js';
import { programs } from './programs.js';

const found = [...pages.flatMap(programsOf), ...references.map(programOfReference)];

test('every program of the docs is run, and every one that is named is there', () => {
  assert.deepEqual(found.map(({ name }) => name).sort(), Object.keys(programs).sort());
  for (const [name, { tested }] of Object.entries(programs))
    if (tested) assert.ok(existsSync(join(root, tested)), `${name}: ${tested}`);
});

const folder = mkdtempSync(join(tmpdir(), 'rin-programs-'));
after(() => rmSync(folder, { recursive: true }));

/** A folder like that of a project which has the packages installed, with pictures and a model in it. */
async function project(name: string): Promise<string> {
  const cwd = join(folder, name);
  for (const [index, flower] of ['rose', 'tulip'].entries()) {
    mkdirSync(join(cwd, 'my-pictures', flower), { recursive: true });
    writeFileSync(join(cwd, 'my-pictures', flower, 'one.png'), await solid([200, 90 * index, 90]));
  }
  symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
  copyFileSync(join(root, 'packages/rin/models/emoji-64.safetensors'), join(cwd, 'model.safetensors'));
  return cwd;
}

for (const [index, { name, code }] of found.entries()) {
  const { tested, shorter, leaves = [], prints } = programs[name] ?? {};
  if (tested) continue;
  test(`${name}: the program runs ${shorter ? 'shortened' : 'as it stands'}`, async () => {
    if (shorter) assert.equal(code.split(shorter[0]).length, 2, `"${shorter[0]}" stands in it once`);
    const cwd = await project(String(index));
    writeFileSync(join(cwd, 'program.mjs'), shorter ? code.replace(...shorter) : code);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['program.mjs'], { cwd, encoding: 'utf8' });
    assert.equal(status, 0, `${code}\n${stderr}`);
    for (const path of leaves) assert.ok(existsSync(join(cwd, path)), `${path} is not there`);
    if (prints) assert.match(stdout, prints);
  });
}

test('the programs in TypeScript have no error of types', async () => {
  const cwd = await project('types');
  const typed = found.filter(({ language, name }) => language === 'ts' || name.startsWith('README.md'));
  assert.ok(typed.length >= 6, `${typed.length} programs`);
  for (const [index, { code }] of typed.entries()) writeFileSync(join(cwd, `${index}.mts`), `${code}\nexport {};\n`);
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom', 'esnext.disposable'] },
    ...{ module: 'nodenext', skipLibCheck: true, types: [] },
  };
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
  const tsc = join(root, 'node_modules/typescript/lib/tsc.js');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', cwd], { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}\n${typed.map(({ name }, index) => `${index}.mts: ${name}`).join('\n')}`);
});
