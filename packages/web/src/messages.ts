import type { CheckResult } from './check.js';
import type { EngineName, Manifest } from './manifest.js';
import type { SampleRequest } from './options.js';
import type { SampleStep } from './picture.js';

/** What the page says to the worker. */
export type ToWorker =
  | {
      readonly type: 'open';
      readonly manifest: Manifest;
      readonly graph: Uint8Array;
      /** address of `model.json` */
      readonly base: string;
      readonly name: EngineName;
      readonly threads: number;
    }
  | { readonly type: 'sample'; readonly id: number; readonly request: SampleRequest }
  | { readonly type: 'next'; readonly id: number; readonly withReads: boolean }
  | { readonly type: 'cancel'; readonly id: number };

/** What the worker says to the page. */
export type FromWorker =
  | { readonly type: 'bytes'; readonly count: number }
  | { readonly type: 'opened'; readonly result: CheckResult }
  | { readonly type: 'step'; readonly id: number; readonly step: SampleStep | undefined }
  /** `id` is absent if opening failed */
  | { readonly type: 'failed'; readonly id?: number; readonly isEngine: boolean; readonly message: string };
