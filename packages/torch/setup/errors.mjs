// @ts-check

/** What stops a set-up: one sentence, and how to mend it. Shown without a stack trace. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}
