import { readFileSync } from 'node:fs';
import { append } from '../../disk/wholeFiles.js';
import { namesIn, type RunDirectory } from '../../runs/runDirectory.js';
import { readStats, readTiming, type StatsRead, type Timing } from '../../runs/statistics.js';
import { type BoardEvent, encodeEvent } from './events.js';

const prefix = 'events.out.tfevents.';

/**
 * An event file of TensorBoard in the folder of a run: the scalars of each line of statistics, the figures of evaluations,
 * and the pictures of the previews, by images seen. Each event is appended whole, so a killed process leaves a file that can be read up to there.
 *
 * Each start of a run begins another file, because the end of the one before may be half an event. Its first events tell
 * TensorBoard to drop what the run had written after the checkpoint that it resumes from.
 */
export class EventFile {
  readonly #path: string;
  /** Pictures up to here are in an earlier file, if they were there before; -1 = none is. */
  readonly #covered: number;

  private constructor(path: string, covered: number) {
    this.#path = path;
    this.#covered = covered;
  }

  /**
   * Begins a file. If it is the first one of a run that has lines of statistics, it gets them too.
   * @param images images seen at the checkpoint that the run resumes from; 0 = none
   * @throws WriteError if the disk refuses it
   */
  static async start(directory: RunDirectory, images: number): Promise<EventFile> {
    const earlier = (await namesIn(directory.path)).filter((name) => name.startsWith(prefix));
    const seconds = earlier.map((name) => Number.parseInt(name.slice(prefix.length), 10)).filter(Number.isFinite);
    // TensorBoard reads the files in the order of their names.
    const now = Math.max(Math.floor(Date.now() / 1000), ...seconds.map((each) => each + 1));
    const goesOn = earlier.length > 0 && images > 0;
    const file = new EventFile(directory.file(`${prefix}${now}.rin`), goesOn ? images : -1);
    file.#add({ time: now, isFirst: true });
    file.#add({ time: now, step: images > 0 ? images + 1 : 0, isStart: true });
    if (earlier.length === 0) {
      const timing = new Map((await readTiming(directory.path)).map((line) => [line.images, line]));
      const { losses, figures: measured } = await readStats(directory.path);
      for (const stats of losses) file.record(stats, timing.get(stats.images));
      for (const { images, figures } of measured) file.figures(images, figures);
    }
    return file;
  }

  get path(): string {
    return this.#path;
  }

  /** Adds the numbers of a line of statistics. */
  record(stats: StatsRead, timing?: Partial<Timing>): void {
    const scalars: Readonly<Record<string, number | null | undefined>> = {
      'loss/training': stats.loss,
      'loss/held-out': stats.validationLoss,
      'optimizer/learning-rate': stats.learningRate,
      'optimizer/gradient-norm': stats.gradientNorm,
      'speed/images-per-second': timing?.imagesPerSecond,
    };
    const values = Object.entries(scalars).flatMap(([tag, scalar]) =>
      typeof scalar === 'number' ? [{ tag, scalar }] : [],
    );
    const time = timing?.time === undefined ? Date.now() : Date.parse(timing.time);
    this.#add({ time: time / 1000, step: stats.images, values });
  }

  /** Adds the figures of an evaluation, by their names. */
  figures(images: number, figures: Readonly<Record<string, number>>): void {
    const values = Object.entries(figures).map(([name, scalar]) => ({ tag: `figures/${name}`, scalar }));
    this.#add({ time: Date.now() / 1000, step: images, values });
  }

  /**
   * Adds a picture of the run, unless an earlier file has it.
   * @param path  a PNG file
   * @param isNew whether the picture was made now
   */
  picture(tag: string, path: string, images: number, isNew: boolean): void {
    if (!isNew && images <= this.#covered) return;
    const png = readFileSync(path);
    // IHDR is the first chunk: width, height, depth, kind of colour.
    const [width, height, channels] = [png.readUInt32BE(16), png.readUInt32BE(20), channelsOf[png[25]] ?? 3];
    this.#add({ time: Date.now() / 1000, step: images, values: [{ tag, png, height, width, channels }] });
  }

  #add(event: BoardEvent): void {
    append(this.#path, encodeEvent(event));
  }
}

/** Channels of a decoded PNG by its kind of colour. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };
