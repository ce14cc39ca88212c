import type { Medium } from '@rin/core';
import type { DrawRequest } from '@rin/web/studio';

/** The weights to draw with. */
export interface Weights {
  /** a model file */
  readonly file: string;
  /** a checkpoint of the run, whose weights replace those of the file */
  readonly checkpoint?: { readonly run: string; readonly name: string; readonly part: string };
}

/** What the server says to the process that draws. */
export type ToDrawing =
  | {
      readonly type: 'draw';
      readonly id: number;
      readonly weights: Weights;
      readonly request: Omit<DrawRequest, 'run' | 'model'>;
    }
  /** the samples of the next step may come */
  | { readonly type: 'next'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number };

/** Samples as arrays. */
export interface Drawn {
  readonly medium: Medium;
  readonly shape: readonly number[];
  readonly pictures: readonly Uint8Array[];
  readonly reads?: readonly (readonly Float32Array[])[];
}

/** What the process that draws says to the server. */
export type FromDrawing = { readonly id: number } & (
  | { readonly type: 'loading' }
  | { readonly type: 'step'; readonly step: number; readonly steps: number; readonly drawn?: Drawn }
  | { readonly type: 'done'; readonly drawn: Drawn; readonly seconds: number }
  | { readonly type: 'failed'; readonly message: string }
);
