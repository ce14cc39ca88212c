import { command, evaluateCommand } from '../../src/cli/commands/evaluate.js';
import { run } from '../../src/cli/main.js';
import type { Detector } from '../../src/metrics/detectors/detector.js';
import { standIn } from './standIn.js';

/** `rin evaluate` with the stand-in detector, which needs no weights: node evaluateChild.js ARGUMENTS… */
const open = async (): Promise<Detector> => standIn(process.env.RIN_TEST_SLOW ? slow() : {});

/** Each call takes a moment, so that a test can kill the process between two. */
function slow(): Partial<Detector> {
  const { extract } = standIn();
  return {
    extract(...given) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      return extract(...given);
    },
  };
}

command.run = (given) => evaluateCommand(given, open);
process.exitCode = await run(['evaluate', ...process.argv.slice(2)]);
