import { createHash } from 'node:crypto';
import { geometry } from '@rin/core';
import { parseConfig } from '../../../src/config/parse.js';
import { MemoryDataset, sampleLength } from '../../../src/data/dataset.js';
import { chooseCompute } from '../../../src/training/resources/compute.js';
import { trainingCost } from '../../../src/training/resources/cost.js';
import { trainOrStop as train } from '../../../src/training/trainer.js';

/**
 * Trains on grey pictures in memory, and prints the most memory that the process had and the forecast, in bytes. Every byte of
 * the pictures is written, because the system gives memory at the first write.
 *
 *     node memoryChild.js CONFIG RUNS_FOLDER PICTURES
 */
const [text, runsFolder, pictures] = process.argv.slice(2);
const config = parseConfig(JSON.parse(text), 'memoryChild');
const { channels, classes } = config.model;
const shape = [channels, ...geometry(config.model).size];
const names = Array.from({ length: classes }, (_, label) => `class ${label}`);
const labels = Int32Array.from({ length: Number(pictures) }, (_, i) => (classes > 0 ? i % classes : -1));
const pixels = new Uint8Array(labels.length * sampleLength(shape)).fill(128);
const fingerprint = createHash('sha256').update(labels).digest('hex');
const data = new MemoryDataset(
  { name: 'grey', shape, classes: names, fingerprint, meanSquare: 0.3, skipped: [] },
  labels,
  pixels,
);
const forecast = trainingCost(config, chooseCompute(config.training), data).memory;
await train({ config, data, runsFolder });
console.log(JSON.stringify({ measured: 1024 * process.resourceUsage().maxRSS, forecast }));
