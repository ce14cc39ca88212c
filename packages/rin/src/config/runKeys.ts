/**
 * Keys of `training` that belong to a run and its machine, not to what is learned. They set how often files are written, and
 * where and in how many parts sums are computed. A run resumes with other values; fine-tuning does not take them from a model.
 */
export const runKeys = [
  'keepCheckpoints',
  'checkpointEvery',
  'sampleEvery',
  'evaluateEvery',
  'evaluateCount',
  'logEvery',
  'tensorboard',
  'threads',
  'device',
  'microBatch',
  'recompute',
] as const;
