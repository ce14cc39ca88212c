import { createHash } from 'node:crypto';
import { geometry, lengthOf, sizeList } from '@rin/core';
import { parseConfig } from '../../../src/config/parse.js';
import { MemoryDataset } from '../../../src/data/dataset.js';
import { openDataset } from '../../../src/data/open.js';
import { chooseCompute } from '../../../src/training/resources/compute.js';
import { trainingCost } from '../../../src/training/resources/cost.js';
import { trainOrStop as train } from '../../../src/training/trainer.js';

/**
 * Trains on grey samples in memory, or on a source, and prints the most memory that the process had and the forecast, in bytes.
 * Every byte of the samples is written, because the system gives memory at the first write.
 *
 *     node memoryChild.js CONFIG RUNS_FOLDER NUMBER|SOURCE
 */
const [text, runsFolder, samples] = process.argv.slice(2);
const config = parseConfig(JSON.parse(text), 'memoryChild');
const { channels, classes, size } = config.model;
const shape = [channels, ...geometry(config.model).size];
const names = Array.from({ length: classes }, (_, label) => `class ${label}`);

function grey(length: number): MemoryDataset {
  const labels = Int32Array.from({ length }, (_, i) => (classes > 0 ? i % classes : -1));
  const pixels = new Uint8Array(length * lengthOf(shape)).fill(128);
  const fingerprint = createHash('sha256').update(labels).digest('hex');
  const facts = { name: 'grey', shape, classes: names, fingerprint, meanSquare: 0.3, skipped: [] };
  return new MemoryDataset(facts, labels, pixels);
}

const data = /^\d+$/.test(samples)
  ? grey(Number(samples))
  : await openDataset(samples, { size: sizeList(size), channels, data: config.data });
const forecast = trainingCost(config, chooseCompute(config.training), data).memory;
await train({ config, data, runsFolder });
console.log(JSON.stringify({ measured: 1024 * process.resourceUsage().maxRSS, forecast }));
