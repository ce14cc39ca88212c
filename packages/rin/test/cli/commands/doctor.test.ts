import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rin } from '../rin.js';

test('where everything is there, doctor says what computes, where and how', async () => {
  const { code, stdout } = await rin(['doctor']);
  assert.equal(code, 0, stdout);
  for (const line of [
    /^✔ rin \d+\.\d+\.\d+$/m,
    /^✔ Node \d+\.\d+\.\d+ on linux (x64|arm64)$/m,
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
