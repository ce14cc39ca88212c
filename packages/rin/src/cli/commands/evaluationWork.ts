import { count, duration, printable, printableJson, RinError, UsageError } from '@rin/core';
import type { Device } from '@rin/torch';
import { WriteError } from '../../disk/systemError.js';
import { usualDetector } from '../../metrics/detectorFor.js';
import type { Detector, DetectorRequest } from '../../metrics/detectors/detector.js';
import type { EvaluateProgress } from '../../metrics/evaluate.js';
import type { Evaluation } from '../../metrics/evaluation.js';
import { placeOf, readEvaluations, recordEvaluation } from '../../metrics/record.js';
import type { Ranks } from '../../training/ranks.js';
import { samplingOptions } from '../configuration/options.js';
import { calling } from '../terminal/calling.js';
import type { Given } from '../terminal/command.js';
import { dataLine } from '../terminal/progressLines.js';
import { isFirstRank } from '../terminal/rank.js';
import { bar, type Screen } from '../terminal/screen.js';
import { type Evaluated, evaluatedOf, sizeGiven } from './evaluated.js';
import type { EvaluateRequest } from './evaluateFlags.js';
import { comparisonLines, evaluationLines } from './evaluateTables.js';
import { guidanceWarning, typedSampling } from './sampleRequest.js';

/** Opens a detector, as `openDetector` does. */
export type Open = (request: DetectorRequest) => Promise<Detector>;

/** The evaluations of one command. */
export class EvaluationWork {
  readonly #done: Evaluation[] = [];
  readonly #detectors = new Map<string, Detector>();

  constructor(
    readonly given: Given,
    readonly open: Open,
    readonly request: EvaluateRequest,
    readonly screen: Screen,
    readonly signal: AbortSignal,
    readonly device: Device,
    readonly ranks: Ranks,
  ) {}

  /** Evaluates everything that an operand names, and prints and records each. */
  async evaluate(operand: string | undefined): Promise<void> {
    const { given, request, screen, signal, device } = this;
    const [source, resize] = [given.text('--data'), given.text('--resize')];
    const size = sizeGiven(given.text('--size'));
    const options = {
      ...(source !== undefined && { source }),
      ...(resize !== undefined && { resize }),
      ...(size && { size }),
      ...{ hasStatistics: given.has('--reference'), device, signal },
      onNotice: (sentence: string) => this.#say(sentence),
      onProgress: (progress: Parameters<typeof dataLine>[0]) => screen.status(() => dataLine(progress)),
    };
    const all = evaluatedOf(operand, request, options);
    try {
      for (;;) {
        const next = await this.ranks.inTurn(() => all.next()); // the first one of each machine decodes the data
        if (next.done) return;
        await this.#one(next.value);
      }
    } finally {
      await all.return();
    }
  }

  async #one({ samples, subject, path, reference }: Evaluated): Promise<void> {
    const { given, request, signal } = this;
    const { evaluateAmong, usualBatch, workFolder } = await import('../../metrics/evaluate.js');
    const { remove } = await import('../../disk/wholeFiles.js');
    const shape = 'network' in samples ? samples.network.sample.shape : samples.shape;
    if (!('network' in samples)) this.#refuseSampling();
    const warning = 'network' in samples ? guidanceWarning(samples, given) : undefined;
    if (warning !== undefined) this.#say(warning);
    const detector = await this.#detector(shape);
    const { batch = usualBatch[detector.medium] } = request;
    const place = isFirstRank() ? await this.#place(path) : undefined;
    const known = place && !given.has('--again') ? await readEvaluations(place.record) : [];
    const statistics = given.text('--reference');
    const { count, seeds, metrics, referenceCount } = request;
    const began = performance.now();
    const elsewhere = (error: unknown): never => {
      if (!(error instanceof WriteError) || given.has('--out')) throw error;
      throw new RinError(`${error.message}; --out FOLDER keeps figures and unfinished work elsewhere`);
    };
    const evaluation = await evaluateAmong(this.ranks, samples, {
      ...('network' in samples ? typedSampling(samples.config, given) : {}),
      ...{ reference: statistics ?? reference?.data ?? missing(), detector, subject, known, batch, signal },
      ...(reference && { part: reference.part, resize: reference.resize }),
      ...{ count, seeds, metrics, referenceCount, folder: place?.work },
      onProgress: (progress) => this.#progress(progress, detector, began),
    }).catch(elsewhere);
    if (!evaluation || !place) return;
    const isKnown = known.includes(evaluation);
    if (!isKnown) await recordEvaluation(place.record, evaluation).catch(elsewhere);
    await remove(workFolder(place.work, evaluation, batch)); // also that of a process that was killed after it had recorded
    this.#done.push(evaluation);
    if (given.has('--json')) return;
    for (const line of evaluationLines(evaluation)) this.screen.say(line);
    this.screen.say(
      isKnown
        ? `measured ${evaluation.time.slice(0, 10)}, read from ${place.record}; --again measures anew`
        : `stored in ${place.record}`,
    );
  }

  /** Prints the comparison of several evaluations, or all as JSON. */
  conclude(): void {
    if (!isFirstRank()) return;
    if (this.given.has('--json')) console.log(printableJson(this.#done));
    else if (this.#done.length > 1) this.screen.say(['', ...comparisonLines(this.#done)].join('\n'));
  }

  close(): void {
    for (const detector of this.#detectors.values()) detector.dispose();
  }

  /** With `--json` the output has nothing but JSON. */
  #say(sentence: string): void {
    if (this.given.has('--json') && isFirstRank()) console.error(printable(sentence));
    else this.screen.say(sentence);
  }

  /** The demo's model is a part of rin, so its figures go to the working directory. */
  async #place(path: string) {
    const { demoModel } = await import('../../runs/findModel.js');
    return placeOf(path, this.given.text('--out') ?? (path === demoModel ? '.' : undefined));
  }

  async #detector(shape: readonly number[]): Promise<Detector> {
    const { mediumOf } = await import('../../media/medium.js');
    const medium = mediumOf(shape);
    if (medium === 'sound')
      throw new RinError('there is no detector for sounds; only pictures and clips can be evaluated');
    const name = this.given.text('--detector') ?? usualDetector[medium];
    const before = this.#detectors.get(name);
    if (before) return before;
    const path = this.given.text('--detector-file');
    const request = {
      ...{ name, device: this.device, onProgress: (text: string) => this.#say(text) },
      ...(path !== undefined && { path }),
      ...(this.request.detectorSize !== undefined && { size: this.request.detectorSize }),
    };
    const detector = await this.ranks.inTurn(() => this.open(request)); // the first one of each machine fetches the weights
    this.#detectors.set(name, detector);
    return detector;
  }

  /** @throws UsageError if a flag about drawing was typed for samples that are there already */
  #refuseSampling(): void {
    const flag = [...samplingOptions().map((option) => option.flag), '--seeds'].find((each) => this.given.has(each));
    if (flag !== undefined)
      throw new UsageError(`${flag}: nothing is drawn, because the samples are there already; leave ${flag} out`);
  }

  /** Time of the first progress of each stage, because data may be decoded before it. */
  readonly #began = new Map<string, number>();

  #progress({ stage, done, total, kept }: EvaluateProgress, { medium }: Detector, began: number): void {
    const key = `${stage} ${began}`;
    const now = performance.now();
    const start = this.#began.get(key) ?? now;
    this.#began.set(key, start);
    const seconds = (now - start) / 1000;
    const left = done > kept && seconds > 1 ? `, ${duration((seconds * (total - done)) / (done - kept))} left` : '';
    const what = { reference: 'measuring the reference', samples: 'drawing and measuring', comparing: 'comparing' }[
      stage
    ];
    const share = done / total;
    const text = `${what}: ${count(Math.floor(done))} of ${count(total)} ${medium}s (${Math.floor(100 * share)}%)${left}`;
    this.screen.status(() => (this.screen.isLive ? `${bar(share)} ${text}` : text));
  }
}

function missing(): never {
  throw new UsageError(`there is nothing to compare with; name data: ${calling} evaluate --data my-pictures`);
}
