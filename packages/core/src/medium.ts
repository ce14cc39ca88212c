/** What a sample is to people: a sound [C, L], a picture [C, H, W] or a clip [C, F, H, W]. */
export type Medium = 'sound' | 'picture' | 'clip';

/** The medium of samples. @param shape [C, ...size] with one to three sizes */
export function mediumOf(shape: readonly number[]): Medium {
  return (['sound', 'picture', 'clip'] as const)[shape.length - 2];
}
