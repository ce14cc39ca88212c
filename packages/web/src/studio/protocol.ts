import type { Medium, SamplerName } from '@rin/core';

/*
 * What `rin studio` and its page say to each other. All addresses begin with the token of the link:
 *
 *   GET  events?run=NAME&run=NAME      a stream of `StudioEvents`, also of the named runs
 *   GET  compare?run=NAME&run=NAME     `RunDifferences`
 *   GET  files/NAME/FILE               a file of a preview or an attention sheet
 *   POST draw                          `DrawRequest`; the answer is a line of JSON for each `DrawEvent`
 *   POST stop                          `StopRequest`
 */

/** A run in the list. What is absent is not known. */
export interface RunEntry {
  /** name of its folder */
  readonly name: string;
  readonly state: 'running' | 'finished' | 'interrupted' | 'damaged';
  /** why a damaged run cannot be read */
  readonly problem?: string;
  /** name of its configuration, which is that of its preset */
  readonly preset?: string;
  readonly data?: string;
  /** images seen, and in the whole run */
  readonly images?: number;
  readonly total?: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  readonly imagesPerSecond?: number;
  /** of a running one */
  readonly secondsLeft?: number;
  /** time of the last write, ISO 8601 */
  readonly written?: string;
}

/** The runs of a folder, the newest first. */
export interface RunList {
  readonly folder: string;
  readonly runs: readonly RunEntry[];
}

/** A line of a run's statistics. */
export interface LossLine {
  /** images seen */
  readonly images: number;
  readonly loss: number;
  readonly validationLoss?: number;
  readonly gradientNorm?: number;
  readonly learningRate?: number;
}

/** A line of a run's speed. */
export interface SpeedLine {
  readonly images: number;
  readonly imagesPerSecond?: number;
}

/** Lines of a run that are new. They replace what is there from these numbers of lines on. */
export interface NewLines {
  readonly run: string;
  readonly stats: { readonly from: number; readonly lines: readonly LossLine[] };
  readonly timing: { readonly from: number; readonly lines: readonly SpeedLine[] };
}

/** Names of files that show the same samples: `png` is a still, `webp` plays, `wav` is heard. */
export type PreviewFiles = Readonly<Partial<Record<'png' | 'webp' | 'wav', string>>>;

/** A preview of a run. */
export interface PreviewEntry {
  /** images seen */
  readonly images: number;
  readonly files: PreviewFiles;
}

/** Weights of a run that can draw. */
export interface ModelChoice {
  /** `model.safetensors`, or a checkpoint with a part of it: `checkpoint-000200k/average` */
  readonly id: string;
  /** for people */
  readonly title: string;
}

/** What the models of a run offer. */
export interface DrawSettings {
  readonly medium: Medium;
  /** [C, ...size] of a sample */
  readonly shape: readonly number[];
  /** frames per second of clips, samples per second of sounds */
  readonly rate: number;
  /** names of the classes; empty = no classes */
  readonly classes: readonly string[];
  readonly steps: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
  /** reads of a pass, and the patches that they look at: [columns], [rows, columns] or [slices, rows, columns] */
  readonly blocks: number;
  readonly grid: readonly number[];
  /** frames of a slice of patches; 1 without time */
  readonly slice: number;
}

/** A run without its lines. */
export interface RunDetails {
  readonly run: string;
  readonly entry: RunEntry;
  /** the word for a sample */
  readonly noun: string;
  /** what is unusual, in sentences */
  readonly warnings: readonly string[];
  /** in the order of images */
  readonly previews: readonly PreviewEntry[];
  /** samples of the data in the same places */
  readonly reals?: PreviewFiles;
  /** sheets that `rin inspect --attention` left in the run */
  readonly attention: readonly string[];
  readonly models: readonly ModelChoice[];
  /** absent if the studio cannot draw; `noDrawing` says why */
  readonly drawing?: DrawSettings;
  readonly noDrawing?: string;
}

/** A run that is not there any more, or cannot be read. */
export interface LostRun {
  readonly run: string;
  readonly problem: string;
}

/** The events of the stream, by name. Each comes at once, and then whenever it changes. */
export interface StudioEvents {
  readonly list: RunList;
  readonly details: RunDetails;
  readonly lines: NewLines;
  readonly lost: LostRun;
  /** the runs cannot be read at all: a sentence */
  readonly problem: string;
}

/** How two runs differ. */
export interface RunDifferences {
  readonly runs: readonly string[];
  /** keys of the configuration, each with its values in these runs */
  readonly keys: readonly { readonly key: string; readonly values: readonly string[] }[];
  /** why their losses cannot be compared; absent if they can */
  readonly warning?: string;
}

/** Samples to draw. */
export interface DrawRequest {
  readonly run: string;
  /** `id` of a `ModelChoice` */
  readonly model: string;
  readonly seeds: readonly number[];
  /** names or numbers of classes, repeated over the seeds; null = no class; absent = each in turn */
  readonly classes?: readonly (string | number | null)[];
  readonly steps?: number;
  readonly sampler?: SamplerName;
  readonly guidance?: number;
  /** whether the maps of the reads come with the steps */
  readonly reads?: boolean;
}

/** The course of a drawing. The last event is `done` or `failed`. */
export type DrawEvent =
  | { readonly type: 'waiting' }
  | { readonly type: 'loading' }
  | {
      readonly type: 'step';
      /** from 1 */
      readonly step: number;
      readonly steps: number;
      /** estimates so far; absent if the page has not taken the ones before */
      readonly samples?: DrawnSamples;
    }
  | { readonly type: 'done'; readonly samples: DrawnSamples; readonly seconds: number }
  | { readonly type: 'failed'; readonly message: string };

/** Samples on their way. Bytes are in base64. */
export interface DrawnSamples {
  readonly medium: Medium;
  /** [C, ...size] */
  readonly shape: readonly number[];
  /** uint8, planar, one for each seed */
  readonly pictures: readonly string[];
  /** for each seed and each read: the share of the attention that each patch gets, float32 */
  readonly reads?: readonly (readonly string[])[];
}

/** The run to stop, as Ctrl-C does. */
export interface StopRequest {
  readonly run: string;
}

/** An answer that is no success. */
export interface Refusal {
  readonly message: string;
}
