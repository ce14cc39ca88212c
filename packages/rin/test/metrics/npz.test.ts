import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unzipSync, zipSync } from 'fflate';
import { datasetFromSamples } from '../../src/data/samples.js';
import { evaluate } from '../../src/metrics/evaluate.js';
import { encodeNpy } from '../../src/metrics/npy.js';
import { readStatistics, writeStatistics } from '../../src/metrics/npz.js';
import { freshFolder, samples } from '../training/tiny.js';
import { standIn } from './standIn.js';

process.env.RIN_DATA_CACHE = freshFolder();

// others.py wrote these files with numpy.
const numpy = (name: string) => fileURLToPath(new URL(`../../../test/metrics/${name}`, import.meta.url));
const mean = Float64Array.from([0.5, -1.25, 3]);
const covariance = Float64Array.from([2, 0.25, 0, 0.25, 1, -0.5, 0, -0.5, 4]);

test('statistics that numpy wrote are read: plain, compressed, in float32, by columns, beside other arrays', async () => {
  for (const name of ['numpy.npz', 'compressed.npz']) {
    const { moments, features, facts } = await readStatistics(numpy(name));
    assert.deepEqual(moments, { mean, covariance }, name);
    assert.deepEqual([features, facts], [undefined, undefined]);
  }
});

test('mu and sigma are written as numpy writes them, byte for byte', async () => {
  const path = join(freshFolder(), 'mine.npz');
  await writeStatistics(path, { moments: { mean, covariance } });
  const [ours, theirs] = [path, numpy('numpy.npz')].map((each) => unzipSync(readFileSync(each)));
  assert.deepEqual(Object.keys(ours), ['mu.npy', 'sigma.npy']);
  for (const [name, bytes] of Object.entries(ours))
    assert.deepEqual(Buffer.from(bytes), Buffer.from(theirs[name]), name);
});

test('the statistics of a reference that rin measured are read back, and serve in place of the data', async () => {
  const data = await datasetFromSamples(samples, [1, 8, 8]);
  const whole = await evaluate(data, { reference: data, detector: standIn(), count: 8 });
  const { readdirSync } = await import('node:fs');
  const folder = join(String(process.env.RIN_DATA_CACHE), 'references');
  const [name] = readdirSync(folder);
  const path = join(folder, name);
  const { figures, protocol } = await evaluate(data, { reference: path, detector: standIn(), count: 8 });
  assert.deepEqual(figures, whole.figures);
  assert.equal(protocol.reference.digest, data.fingerprint);

  const other = await datasetFromSamples(samples, [1, 4, 16]);
  await assert.rejects(
    evaluate(other, { reference: path, detector: standIn() }),
    /its samples were \[1, 8, 8\], but those to evaluate are \[1, 4, 16\]; use a reference of the same size/,
  );
  await assert.rejects(
    evaluate(data, { reference: path, detector: standIn({ sha256: '6'.repeat(64) }) }),
    /it was measured by efficientnet-lite0 \(555555555555, quarters, 0 to 1\), not by efficientnet-lite0 \(666666666666/,
  );
  const statistics = await readStatistics(path);
  const plain = join(freshFolder(), 'plain.npz');
  await writeStatistics(plain, { moments: statistics.moments });
  const fewer = await evaluate(data, { reference: plain, detector: standIn(), count: 8 });
  assert.deepEqual(
    fewer.figures.map(({ metric }) => metric),
    ['frechet', 'score'],
  );
  assert.equal(fewer.figures[0].value, whole.figures.find(({ metric }) => metric === 'frechet')?.value);
  assert.equal(fewer.protocol.reference.part, 'unknown');
  await assert.rejects(
    evaluate(data, { reference: plain, detector: standIn(), metrics: ['kernel'] }),
    /kernel cannot be measured: the reference has only mean and covariance; leave it out/,
  );
  await assert.rejects(
    evaluate(data, { reference: numpy('numpy.npz'), detector: standIn() }),
    /its statistics have 3 features, but efficientnet-lite0 gives 5; use statistics of the same detector/,
  );
});

test('files that are no whole statistics are refused with one sentence', async () => {
  const folder = freshFolder();
  const bytes = readFileSync(numpy('numpy.npz'));
  const refused = async (content: Uint8Array, message: RegExp) => {
    const path = join(folder, 'file.npz');
    writeFileSync(path, content);
    await assert.rejects(
      readStatistics(path),
      (error: Error) => error.name === 'RinError' && message.test(error.message),
    );
  };
  await refused(Buffer.from('text'), /not a whole \.npz; expected a zip with mu and sigma/);
  await refused(bytes.subarray(0, bytes.length - 40), /not a whole \.npz/);
  await refused(
    readFileSync(numpy('incomplete.npz')),
    /it has no sigma; expected an \.npz with mu and sigma, such as np\.savez writes/,
  );
  const unequal = {
    'mu.npy': encodeNpy({ shape: [3], values: Float64Array.from(mean) }),
    'sigma.npy': encodeNpy({ shape: [2, 2], values: covariance.slice(0, 4) }),
  };
  await refused(
    Buffer.from(zipSync(unequal)),
    /mu is \[3\] and sigma \[2, 2\]; expected float32 or float64 of \[F\] and \[F, F\]/,
  );
  const odd = { mean: Float64Array.from([1, Number.NaN]), covariance: Float64Array.from([1, 0, 0, 1]) };
  await writeStatistics(join(folder, 'odd.npz'), { moments: odd });
  await assert.rejects(readStatistics(join(folder, 'odd.npz')), /mu or sigma has a number that is not finite/);
});

test('a damaged file gives the same statistics, or is refused with a message', async () => {
  for (const name of ['numpy.npz', 'compressed.npz']) {
    const bytes = readFileSync(numpy(name));
    const path = join(freshFolder(), 'damaged.npz');
    for (let i = 0; i < bytes.length; i += 3) {
      const damaged = Buffer.from(bytes);
      damaged[i] ^= 0x5a;
      writeFileSync(path, damaged);
      try {
        assert.deepEqual((await readStatistics(path)).moments, { mean, covariance }, `${name}, byte ${i}`);
      } catch (error) {
        assert.equal((error as Error).name, 'RinError', `${name}, byte ${i}: ${(error as Error).stack}`);
      }
    }
  }
});
