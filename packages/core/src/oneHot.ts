/**
 * Labels as one-hot rows, [B, classes]. A row of zeros stands for no class.
 * @param labels  class of each sample, −1 = none
 */
export function oneHotRows(labels: ArrayLike<number>, classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) if (labels[i] >= 0) rows[i * classes + labels[i]] = 1;
  return rows;
}
