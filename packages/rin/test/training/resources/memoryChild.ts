import type { Config } from '../../../src/config/config.js';
import { trainOrStop as train } from '../../../src/training/trainer.js';

/** Trains on blank pictures and prints the most memory that the process had, in bytes. node memoryChild.js CONFIG RUNS_FOLDER */
const [text, runsFolder] = process.argv.slice(2);
const config: Config = JSON.parse(text);
const pixels = new Uint8Array(config.model.channels * Number(config.model.size) ** 2);
await train({ config, data: [{ pixels }, { pixels }], runsFolder });
console.log(1024 * process.resourceUsage().maxRSS);
