import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

/** Whether a line of `.dockerignore`, in the two forms that ours has, names a path: `name` at the top, `**` + `/name` anywhere. */
function names(line: string, path: string): boolean {
  const anywhere = line.startsWith('**/');
  const name = line
    .replace(/^\*\*\//, '')
    .replace(/[.]/g, '\\.')
    .replace('*', '[^/]*');
  return new RegExp(`^${anywhere ? '(?:.*/)?' : ''}${name}$`).test(path);
}

// No Docker is needed: the steps are run on this machine, which stands for the image.
test('what .dockerignore leaves is enough for the steps of the Dockerfile', () => {
  const ignored = read('.dockerignore').trim().split('\n');
  const image = mkdtempSync(join(tmpdir(), 'rin-image-'));
  after(() => rmSync(image, { recursive: true }));
  const filter = (path: string) => !ignored.some((line) => names(line, relative(root, path)));
  const [, target] = /^COPY \. (\S+)$/m.exec(read('Dockerfile')) ?? [];
  const inImage = (path: string): string => join(image, path);
  cpSync(root, inImage(target), { recursive: true, filter });
  assert.deepEqual(
    ['node_modules', '.git', 'build', 'packages/rin/dist'].filter((each) => existsSync(inImage(`${target}/${each}`))),
    [],
  );

  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const [, step] = /^RUN (.*)$/m.exec(read('Dockerfile')) ?? [];
  execFileSync('sh', ['-c', step.replaceAll(target, inImage(target))], { env, stdio: 'pipe' });

  const [, entry] = /^ENTRYPOINT (.*)$/m.exec(read('Dockerfile')) ?? [];
  const [program, ...args] = JSON.parse(entry) as string[];
  const doctor = [...args.map((arg) => arg.replace(target, inImage(target))), 'doctor'];
  assert.match(execFileSync(program, doctor, { env, cwd: image, encoding: 'utf8' }), /^✔ libtorch \d/m);
});
