import { lengthOf } from '@rin/core';
import { openFilm } from '../../data/decoding/clips/openFilm.js';
import { decodeFrame, type Target } from '../../data/decoding/decode.js';
import type { FoundClips } from '../../data/find.js';
import type { Recording } from '../../data/sources/recording.js';
import { spreadIndices, spreadOver } from '../../data/spreadOver.js';
import { type Clip, framesOf } from '../../media/clip.js';
import { grid } from '../../media/grid.js';
import type { Image } from '../../media/image.js';

/** Strips of a class, frames of a strip, and most strips. */
const [ofClass, inStrip, most] = [2, 8, 100];

/** Side of a frame, in pixels, and of a frame of `bouncing`. */
const [side, builtSide] = [96, 64];

/** Frames of a clip of `bouncing`. */
const builtFrames = 16;

/** A strip of frames for some recordings of each class, or for some of all. The frames are uncropped, on white. */
export async function clipSheet(source: FoundClips): Promise<Image> {
  const listing = await source.list();
  try {
    const { classes, recordings } = listing;
    const strips: { readonly images: readonly Image[]; readonly name: string }[] = [];
    if (source.built) {
      const data = await source.built([3, builtFrames, builtSide, builtSide], '#ffffff');
      for (const [label, name] of classes.entries()) {
        const clip: Clip = { data: new Uint8Array(lengthOf(data.shape)), shape: data.shape };
        let index = 0;
        while (data.label(index) !== label) index++;
        data.read(index, clip.data);
        strips.push({ images: spreadOver(framesOf(clip), inStrip), name });
      }
    }
    for (const recording of chosen(recordings, classes.length))
      strips.push({ images: await strip(recording), name: classes[recording.label] ?? '' });
    const labels = classes.length > 0 ? strips.map(({ name }) => name) : [];
    return grid(
      strips.flatMap(({ images }) => images),
      { columns: inStrip, labels },
    );
  } finally {
    listing.close();
  }
}

function chosen(recordings: readonly Recording[], classes: number): Recording[] {
  if (classes === 0) return spreadOver(recordings, inStrip * ofClass);
  const labels = Array.from({ length: classes }, (_, label) => label);
  return labels
    .flatMap((label) =>
      spreadOver(
        recordings.filter((each) => each.label === label),
        ofClass,
      ),
    )
    .slice(0, most);
}

/** Frames spread over a recording. White frames stand for what cannot be read. */
async function strip(recording: Recording): Promise<Image[]> {
  const target: Target = { shape: [3, side, side], resize: 'fit', background: '#ffffff' };
  const images: Image[] = [];
  try {
    const film = await openFilm(recording, target.background);
    const wanted = new Set(spreadIndices(film.frames, inStrip));
    let index = 0;
    for await (const frame of film.play()) {
      if (wanted.has(index++)) images.push({ data: await decodeFrame(frame, target), shape: target.shape });
      if (images.length === wanted.size) break;
    }
  } catch {
    // the survey reports it
  }
  while (images.length < inStrip)
    images.push({ data: new Uint8Array(lengthOf(target.shape)).fill(255), shape: target.shape });
  return images;
}
