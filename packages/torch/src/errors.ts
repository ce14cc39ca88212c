/** What libtorch, or a check before it, found wrong with a call: names the operator, the argument shapes and dtypes. */
export class TorchError extends Error {
  override name = 'TorchError';
}
