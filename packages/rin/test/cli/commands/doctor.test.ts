import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node } from '../../../src/cli/commands/examine.js';
import { rin } from '../rin.js';

test('where everything is there, doctor says what computes, where and how', async () => {
  const { code, stdout } = await rin(['doctor']);
  assert.equal(code, 0, stdout);
  for (const line of [
    /^✔ rin \d+\.\d+\.\d+$/m,
    /^(✔ Node \d+\.\d+\.\d+ on linux x64|! Node \d+\.\d+\.\d+ on linux arm64, where rin was tried only in an emulator)$/m,
    /^✔ libtorch \d+\.\d+\.\d+.*: \/.*$/m,
    /^✔ .*libtorch uses \d+ threads? and \w+$/m,
    /^[✔!] CUDA: /m,
    /^✔ computes on (cpu|cuda:\d) in (float32|bfloat16), because /m,
    /^[✔!] memory: \d.* GB, .* free$/m,
    /^✔ sharp \d+/m,
    /^(✔ ffmpeg \S+ reads and writes videos|! ffmpeg is not installed; only videos and mp4 files need it\n {4}install it: .* install ffmpeg)$/m,
  ]) {
    assert.match(stdout, line);
  }
});

test('doctor says on which systems rin is untested, and where it does not run', () => {
  const on = (platform: NodeJS.Platform, arch: NodeJS.Architecture, version = '22.1.0') =>
    node({ platform, arch, versions: { ...process.versions, node: version } });
  assert.deepEqual(on('linux', 'x64'), { state: 'good', text: 'Node 22.1.0 on linux x64' });
  assert.deepEqual(on('linux', 'arm64'), {
    state: 'note',
    text: 'Node 22.1.0 on linux arm64, where rin was tried only in an emulator',
  });
  assert.deepEqual(on('darwin', 'arm64'), { state: 'note', text: 'Node 22.1.0 on darwin arm64: macOS is untested' });
  assert.equal(on('darwin', 'x64').state, 'bad');
  assert.match(on('darwin', 'x64').mend ?? '', /a container on an Intel Mac$/);
  assert.equal(on('linux', 'x64', '20.8.1').mend, 'install Node 20.9 or newer');
});
