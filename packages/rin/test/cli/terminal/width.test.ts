import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Screen } from '../../../src/cli/terminal/screen.js';
import { freshFolder } from '../../training/tiny.js';
import { bin } from '../rin.js';

/** Runs a command in a terminal with the given number of columns, and prints what reached the terminal. */
const terminal = `
import fcntl, os, pty, struct, sys, termios
columns = int(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', columns and 24, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        text = os.read(fd, 65536)
    except OSError:
        break
    if not text:
        break
    sys.stdout.buffer.write(text)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
const hasPython = spawnSync('python3', ['-c', 'import os; os.waitstatus_to_exitcode'], { cwd: '/' }).status === 0;
/** Variables that decide about colours before the terminal does; a build server sets some of them. */
const aboutColours = ['CI', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'NO_COLOR', 'TEAMCITY_VERSION', 'TMUX'];
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !aboutColours.includes(name)));
const python = { skip: !hasPython && 'there is no python3 to make a terminal' };

for (const [columns, width] of [
  [0, 80],
  [30, 30],
] as const) {
  test(
    `in a terminal of ${columns} columns, pictures are ${width} characters wide and the command succeeds`,
    python,
    () => {
      const args = ['sample', '--steps', '2', '--seeds', '0-1', '--threads', '1'];
      const { status, stdout } = spawnSync('python3', ['-c', terminal, `${columns}`, process.execPath, bin, ...args], {
        cwd: freshFolder(),
        encoding: 'utf8',
        env: { ...environment, TERM: 'xterm-256color', COLORTERM: 'truecolor', COLUMNS: `${columns}` },
      });
      assert.equal(status, 0, stdout);
      assert.match(stdout, /2 pictures in .* s: samples\.png/);
      const widths = stdout.split('\n').map((line) => line.split('▀').length - 1);
      assert.deepEqual([...new Set(widths)].sort(), [0, width].sort());
    },
  );
}

for (const [columns, length] of [
  [0, 79],
  [undefined, 79],
  [12, 11],
] as const) {
  test(`a line of progress is cut to ${length} characters if the terminal says ${columns} columns`, async () => {
    const pass = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns });
    new Screen({ progress: pass as unknown as NodeJS.WriteStream }).status(() => 'x'.repeat(100));
    assert.equal(pass.read(), `\r\x1b[K${'x'.repeat(length)}`);
  });
}
