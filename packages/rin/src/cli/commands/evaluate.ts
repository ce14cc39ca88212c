import { count, duration, printable, printableJson, RinError, UsageError } from '@rin/core';
import type { Device } from '@rin/torch';
import { usualDetector } from '../../metrics/detectorFor.js';
import type { Detector, DetectorRequest } from '../../metrics/detectors/detector.js';
import type { EvaluateProgress } from '../../metrics/evaluate.js';
import type { Evaluation } from '../../metrics/evaluation.js';
import { placeOf, readEvaluations, recordEvaluation } from '../../metrics/record.js';
import { computeOptions, samplingOptions } from '../configuration/options.js';
import { calling } from '../terminal/calling.js';
import type { Command, Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { dataLine } from '../terminal/progressLines.js';
import { bar, Screen } from '../terminal/screen.js';
import { type Evaluated, evaluatedOf, sizeGiven } from './evaluated.js';
import { type EvaluateRequest, evaluateRequest } from './evaluateFlags.js';
import { comparisonLines, evaluationLines } from './evaluateTables.js';
import { guidanceWarning, sampleCompute, typedSampling } from './sampleRequest.js';

export const command: Command = {
  name: 'evaluate',
  usage: '[MODEL|RUN|FOLDER …] [OPTIONS]',
  description:
    'Measures how near new samples are to the data: Fréchet and kernel distance, precision, recall, density, coverage.\n' +
    'It takes models, runs, or folders of pictures or clips; the default is the newest run with a model, or the demo model.\n' +
    'Every figure is printed with its protocol. Ctrl-C keeps what is finished; the same command goes on.',
  examples: [
    ['rin evaluate', '1,000 samples of the newest run, against its own data'],
    ['rin evaluate 3 --count 50000', '50,000 samples, as published figures have; it may be interrupted'],
    ['rin evaluate 3 --checkpoints all', 'a figure for each checkpoint, in one table'],
    ['rin evaluate roses --data my-pictures/rose', 'a folder of pictures against another one'],
    [
      'rin evaluate 3 --detector inception --detector-file inception-2015-12-05.pt',
      'FID and KID with the weights of the paper',
    ],
  ],
  operands: Number.POSITIVE_INFINITY,
  sections: [
    {
      title: 'Samples',
      options: [
        {
          flag: '--count',
          placeholder: 'N',
          description: 'samples to draw, with the seeds 0 to N − 1; of a folder, samples at even distances',
          notes: ['at least 2', 'default: 1000 pictures or 256 clips; all of a folder'],
        },
        { flag: '--seeds', placeholder: 'LIST', description: 'seeds to draw, such as 0-4999, instead of --count' },
        {
          flag: '--checkpoints',
          placeholder: 'LIST',
          description: 'checkpoints of the run, such as 27k,30k; "all" = each one',
          notes: ['default: its model, which has the weights of the newest'],
        },
        {
          flag: '--averages',
          placeholder: 'LIST',
          description: 'averages of the weights, by name; "weights" = the weights themselves',
          notes: ['default: average'],
        },
        {
          flag: '--size',
          placeholder: 'N',
          description: 'size of the samples of a folder: N, height,width or frames,height,width',
          notes: ['default: their own, if all have one size'],
        },
        {
          flag: '--resize',
          placeholder: 'WORD',
          description: 'how samples of a folder and their reference are scaled, as data.resize',
          notes: ['default: center-crop'],
        },
      ],
    },
    {
      title: 'Reference: what they are compared with',
      options: [
        {
          flag: '--data',
          placeholder: 'SOURCE',
          description: 'data, as in rin train',
          notes: ["default: the source in the model's configuration"],
        },
        {
          flag: '--part',
          placeholder: 'training|held-out|all',
          description: 'the part of the data of a run that held samples out',
          notes: ['default: training'],
        },
        {
          flag: '--reference',
          placeholder: 'FILE',
          description: 'statistics of another program instead of data: an .npz with mu and sigma, of the same detector',
        },
        {
          flag: '--reference-count',
          placeholder: 'N',
          description: 'most samples of the reference, at even distances',
          notes: ['at least 2', 'default: 50000 pictures or 2048 clips'],
        },
      ],
    },
    {
      title: 'Measuring',
      options: [
        {
          flag: '--metrics',
          placeholder: 'LIST',
          description: 'some of kernel, frechet, score, precision, recall, density, coverage',
          notes: ['default: all that detector and reference allow'],
        },
        {
          flag: '--detector',
          placeholder: 'NAME',
          description:
            'the network that sees: efficientnet-lite0 or inception for pictures, i3d-kinetics-400 or i3d for clips',
          notes: ['default: efficientnet-lite0, i3d-kinetics-400'],
        },
        {
          flag: '--detector-file',
          placeholder: 'FILE',
          description: 'its weights; inception and i3d need them, the others fetch theirs',
        },
        {
          flag: '--detector-size',
          placeholder: 'N',
          description: 'pixels to which efficientnet-lite0 scales the samples: 128 or 224',
          notes: ['default: 128'],
        },
      ],
    },
    {
      title: 'Output',
      options: [
        {
          flag: '--out',
          placeholder: 'FOLDER',
          description: 'folder of the figures (JSON lines) and of unfinished work',
          notes: ['default: the folder of the run, or beside the model or folder'],
        },
        { flag: '--again', description: 'measure anew, even if the same figures are there already' },
        { flag: '--json', description: 'print JSON' },
      ],
    },
    { title: "Sampling; defaults come from the model's configuration", options: samplingOptions() },
    {
      title: 'Computing',
      options: [
        {
          flag: '--batch',
          placeholder: 'N',
          description: 'samples drawn and measured together; finished batches are kept',
          notes: ['at least 1', 'default: 64 pictures or 16 clips'],
        },
        ...computeOptions(),
      ],
    },
  ],
  run: (given) => evaluateCommand(given),
};

/** Opens a detector, as `openDetector` does. */
type Open = (request: DetectorRequest) => Promise<Detector>;

/** Runs the command. @param open opens the detector; default: `openDetector` */
export async function evaluateCommand(given: Given, open?: Open): Promise<number> {
  const screen = new Screen();
  using interruption = new Interruption(() =>
    screen.say('stopping after this step; press Ctrl-C again to stop at once'),
  );
  const request = evaluateRequest(given);
  const { device, threads } = sampleCompute(given);
  const { chooseCompute, useThreads } = await import('../../training/resources/compute.js');
  useThreads(threads);
  const work = new Work(
    given,
    open ?? (await import('../../metrics/detectors/openDetector.js')).openDetector,
    request,
    screen,
    interruption.signal,
    chooseCompute({ device, precision: 'float32' }).device,
  );
  try {
    const operands = given.operands.length > 0 ? given.operands : [undefined];
    for (const operand of operands) await work.evaluate(operand);
    work.conclude();
  } catch (error) {
    if (error !== interruption.signal.reason) throw error;
    screen.say('stopped; finished batches are kept, and the same command goes on');
  } finally {
    screen.clear();
    work.close();
  }
  return interruption.exitCode;
}

/** The evaluations of one command. */
class Work {
  readonly #done: Evaluation[] = [];
  readonly #detectors = new Map<string, Detector>();

  constructor(
    readonly given: Given,
    readonly open: Open,
    readonly request: EvaluateRequest,
    readonly screen: Screen,
    readonly signal: AbortSignal,
    readonly device: Device,
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
    for await (const evaluated of evaluatedOf(operand, request, options)) await this.#one(evaluated);
  }

  async #one({ samples, subject, path, reference }: Evaluated): Promise<void> {
    const { given, request, signal } = this;
    const { evaluate, usualBatch, workFolder } = await import('../../metrics/evaluate.js');
    const { remove } = await import('../../disk/wholeFiles.js');
    const shape = 'network' in samples ? samples.network.sample.shape : samples.shape;
    if (!('network' in samples)) this.#refuseSampling();
    const warning = 'network' in samples ? guidanceWarning(samples, given) : undefined;
    if (warning !== undefined) this.#say(warning);
    const detector = await this.#detector(shape);
    const { batch = usualBatch[detector.medium] } = request;
    const place = await this.#place(path);
    const known = given.has('--again') ? [] : await readEvaluations(place.record);
    const statistics = given.text('--reference');
    const { count, seeds, metrics, referenceCount } = request;
    const began = performance.now();
    const evaluation = await evaluate(samples, {
      ...('network' in samples ? typedSampling(samples.config, given) : {}),
      ...{ reference: statistics ?? reference?.data ?? missing(), detector, subject, known, batch, signal },
      ...(reference && { part: reference.part, resize: reference.resize }),
      ...{ count, seeds, metrics, referenceCount, folder: place.work },
      onProgress: (progress) => this.#progress(progress, detector, began),
    });
    const isKnown = known.includes(evaluation);
    if (!isKnown) await recordEvaluation(place.record, evaluation);
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
    if (this.given.has('--json')) console.log(printableJson(this.#done));
    else if (this.#done.length > 1) this.screen.say(['', ...comparisonLines(this.#done)].join('\n'));
  }

  close(): void {
    for (const detector of this.#detectors.values()) detector.dispose();
  }

  /** With `--json` the output has nothing but JSON. */
  #say(sentence: string): void {
    if (this.given.has('--json')) console.error(printable(sentence));
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
    const detector = await this.open({
      ...{ name, device: this.device, onProgress: (text: string) => this.#say(text) },
      ...(path !== undefined && { path }),
      ...(this.request.detectorSize !== undefined && { size: this.request.detectorSize }),
    });
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
