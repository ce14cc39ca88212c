import { count, countOf, RinError } from '@rin/core';
import { mediumOf } from '../media/medium.js';
import type { OpenEvaluator } from '../training/evaluator.js';
import { usualDetector } from './detectorFor.js';
import { openDetector } from './detectors/openDetector.js';
import { evaluate } from './evaluate.js';
import { partOf } from './parts.js';

/** Most samples of the reference while training: more would take longer than a short run. */
const mostReference = { picture: 10_000, clip: 512 } as const;

/** Samples of a reference that take more than a moment to measure. */
const longReference = 500;

/** What is measured while training: the distances, which say something with few samples or at equal numbers of them. */
const metrics = ['kernel', 'frechet'] as const;

/**
 * Makes what measures new samples while a network trains (`training.evaluateEvery`). It uses the usual detector of the medium, the
 * seeds from 0 on, and the samples that the run trains on as reference.
 * @param open opens the detector; default: `openDetector`
 */
export function trainingEvaluator(open: typeof openDetector = openDetector): OpenEvaluator {
  return async ({ config, data, batch, device, say }) => {
    const medium = mediumOf(data.shape);
    if (medium === 'sound') throw new RinError('training.evaluateEvery: there is no detector for sounds; set it to 0');
    const detector = await open({ name: usualDetector[medium], device, onProgress: say });
    const { evaluateCount } = config.training;
    const reference = Math.min(data.length, mostReference[medium]);
    if (reference < 2) {
      detector.dispose();
      throw new RinError(
        `training.evaluateEvery: ${data.name} has 1 sample, and a reference needs at least 2; set it to 0`,
      );
    }
    const { kernel, frechet } = detector.figures;
    const names = `${kernel} and ${frechet}`;
    let isTold = false;
    return {
      line: `evaluations: ${names} of ${countOf(evaluateCount, medium)} against ${count(reference)}, by ${detector.name}`,
      detector: detector.sha256,
      async measure(model, { onProgress, signal: stop }) {
        const { figures } = await evaluate(model, {
          ...{
            reference: data,
            part: partOf(config),
            referenceCount: reference,
            detector,
            count: evaluateCount,
            batch,
          },
          ...{ metrics, ...(stop && { signal: stop }) },
          onProgress: ({ stage, done, total, kept }) => {
            if (stage === 'samples') onProgress(done);
            else if (stage === 'reference' && !isTold && total - kept >= longReference) {
              isTold = true;
              say(`measuring ${countOf(total, medium)} of the reference first; their features are kept for other runs`);
            }
          },
        });
        return Object.fromEntries(figures.map(({ name, value }) => [name, value]));
      },
      [Symbol.dispose]: () => detector.dispose(),
    };
  };
}
