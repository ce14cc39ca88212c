/** How a sequence of frames is cut into clips. */
export interface Cut {
  /** frames in a clip */
  readonly frames: number;
  /** from the first frame of a clip to the first frame of the next */
  readonly stride: number;
  /** whether a shorter sequence is repeated, because it is a loop */
  readonly isEndless: boolean;
}

/**
 * Cuts frames into clips. Frames after the last whole clip are left out.
 * @param frames each planar [C, H, W]
 * @returns clips, each planar [C, F, H, W]
 * @throws Error if there are fewer frames than a clip has, and they are no loop
 * @throws the error of `frames`, after the whole clips before it
 */
export async function* cutClips(
  frames: AsyncIterable<Uint8Array>,
  channels: number,
  { frames: length, stride, isEndless }: Cut,
): AsyncGenerator<Uint8Array> {
  let window: Uint8Array[] = [];
  let seen = 0;
  let next = 0; // first frame of the next clip
  for await (const frame of frames) {
    if (seen++ < next) continue; // between two clips
    window.push(frame);
    if (window.length < length) continue;
    yield stacked(window, channels);
    next += stride;
    window = window.slice(stride);
  }
  if (next > 0) return;
  if (seen === 0 || !isEndless)
    throw new Error(`${seen} frame${seen === 1 ? '' : 's'} at this frame rate; a sample needs ${length}`);
  yield stacked(
    Array.from({ length }, (_, i) => window[i % seen]),
    channels,
  );
}

/** Frames [C, H, W] as one clip [C, F, H, W]. */
function stacked(frames: readonly Uint8Array[], channels: number): Uint8Array {
  const plane = frames[0].length / channels;
  const clip = new Uint8Array(frames.length * frames[0].length);
  for (const [index, frame] of frames.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      const part = frame.subarray(channel * plane, (channel + 1) * plane);
      clip.set(part, (channel * frames.length + index) * plane);
    }
  }
  return clip;
}
