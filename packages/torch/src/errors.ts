/** A call failed in libtorch, or in a check before it. The message names the operator, and the shapes and dtypes of its arguments. */
export class TorchError extends Error {
  override name = 'TorchError';
}
