import { trainOrStop as train } from '../../src/training/trainer.js';
import { samples } from './tiny.js';

/** Trains in a process of its own, which a test kills; says when it has begun. node trainChild.js CONFIG RUNS_FOLDER */
const [config, runsFolder] = process.argv.slice(2);
let begun = false;
const onProgress = () => {
  if (!begun) process.stdout.write('training\n');
  begun = true;
};
await train({ config: JSON.parse(config), data: samples, runsFolder, onProgress });
