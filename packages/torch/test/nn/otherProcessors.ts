import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runtime } from '../../src/index.js';

/**
 * Runs a file of tests again as on processors with fewer instructions. libtorch reads the variable once, so each has a process.
 * @param what  begins the title
 * @param url   `import.meta.url` of the file
 * @param ran   a line of the output, which says that the tests of the kernels ran
 */
export function testOnOtherProcessors(what: string, url: string, ran: RegExp): void {
  for (const capability of ['avx2', 'default'])
    test(`${what} on a processor with ${capability === 'avx2' ? 'AVX2' : 'neither AVX2 nor AVX-512'}`, {
      skip: process.env.ATEN_CPU_CAPABILITY !== undefined && 'this is such a process',
    }, () => {
      const env = { ...process.env, ATEN_CPU_CAPABILITY: capability, NODE_TEST_CONTEXT: undefined };
      const output = execFileSync(process.execPath, ['--test-reporter=tap', fileURLToPath(url)], {
        env,
        encoding: 'utf8',
      });
      assert.match(output, /^# fail 0$/m);
      const line = output.split('\n').find((each) => ran.test(each));
      assert.ok(line, `no line is ${ran}`);
      // Other processors than x86-64 have no kernels, so their tests are skipped.
      if (capability === 'avx2' && /AVX/.test(runtime().cpuCapability)) assert.doesNotMatch(line, /# SKIP/);
    });
}
