import { type Combination, type Evaluation, evaluated, type Sampling } from './sampler.js';

/** An evaluation that a sampling asks for. */
export interface Request {
  /** counts from 0 */
  readonly number: number;
  readonly evaluation: Evaluation;
  /** whether it is the last one of its step */
  readonly isStepDone: boolean;
}

/** The evaluations of a sampling in their order. It returns the picture. */
export function* requests(sampling: Sampling): Generator<Request, Combination, void> {
  let wanted = sampling.next();
  for (let number = 0; !wanted.done; number++) {
    const { value } = wanted;
    wanted = sampling.next(evaluated(number)); // names alone, so the sampler can tell what comes next
    yield { number, evaluation: value, isStepDone: wanted.done === true || !isSameStep(value, wanted.value) };
  }
  return wanted.value;
}

const isSameStep = (one: Evaluation, other: Evaluation): boolean =>
  one.step === other.step && one.repetition === other.repetition;
