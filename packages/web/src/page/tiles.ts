import type { Picture } from '../picture.js';
import { make } from './dom.js';
import { framesIn, type PatchGrid, paint, paintAttention, shownSize } from './paint.js';

/** The place of one sample on the page. */
interface Tile {
  readonly figure: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly over: HTMLCanvasElement;
  picture?: Picture;
  attention?: Float32Array;
}

/** The samples on the page. Clips play. */
export class Tiles {
  readonly #list: HTMLElement;
  readonly #patches: PatchGrid;
  readonly #rate: number;
  readonly #onSound: (picture: Picture) => void;
  #tiles: Tile[] = [];
  #frame = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param rate frames per second of clips @param onSound is called when the user wants to hear a sound */
  constructor(list: HTMLElement, patches: PatchGrid, rate: number, onSound: (picture: Picture) => void) {
    this.#list = list;
    this.#patches = patches;
    this.#rate = rate;
    this.#onSound = onSound;
  }

  /** The samples that are shown. */
  get pictures(): Picture[] {
    return this.#tiles.flatMap(({ picture }) => picture ?? []);
  }

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  /** Makes a place for each sample. @param names what each is called for screen readers */
  lay(names: readonly string[], like: Pick<Picture, 'medium' | 'shape'>): void {
    const [width, height] = shownSize(like);
    const columns = like.medium === 'sound' ? Math.min(2, names.length) : Math.ceil(Math.sqrt(names.length));
    this.#list.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.#list.classList.toggle('wide', width > height);
    this.#list.classList.toggle('crisp', like.medium !== 'sound' && Math.max(width, height) <= 32);
    const before = this.#tiles;
    this.#tiles = names.map((name, i) => {
      const old = before.length === names.length ? before[i] : undefined;
      if (old && old.canvas.width === width && old.canvas.height === height) {
        old.canvas.setAttribute('aria-label', name); // the old sample stays until the first step
        old.over.hidden = true;
        old.figure.querySelector('button')?.setAttribute('aria-label', `Play ${name}`);
        return old;
      }
      const size = { width: String(width), height: String(height) };
      const canvas = make('canvas', '', { ...size, role: 'img', 'aria-label': name });
      const over = make('canvas', '', { ...size, class: 'over', 'aria-hidden': 'true', hidden: '' });
      const tile: Tile = { figure: make('figure', '', { class: 'tile' }), canvas, over };
      tile.figure.append(canvas, over);
      if (like.medium === 'sound') {
        const button = make('button', 'Play', { type: 'button', class: 'hear', 'aria-label': `Play ${name}` });
        button.addEventListener('click', () => tile.picture && this.#onSound(tile.picture));
        tile.figure.append(button);
      }
      return tile;
    });
    this.#list.replaceChildren(...this.#tiles.map(({ figure }) => figure));
  }

  /** Shows samples. @param attention  of each, over its patches; undefined = not shown */
  show(pictures: readonly Picture[], attention: readonly Float32Array[] | undefined): void {
    for (const [i, tile] of this.#tiles.entries()) {
      tile.picture = pictures[i];
      tile.attention = attention?.[i];
    }
    this.#paint();
  }

  /** Plays clips, or stops them. */
  play(isPlaying: boolean): void {
    clearInterval(this.#timer);
    this.#timer = isPlaying
      ? setInterval(() => {
          this.#frame++;
          this.#paint();
        }, 1000 / this.#rate)
      : undefined;
  }

  #paint(): void {
    for (const { canvas, over, picture, attention } of this.#tiles) {
      if (!picture) continue;
      const frame = this.#frame % framesIn(picture);
      paint(canvas, picture, frame);
      over.hidden = !attention;
      if (attention) paintAttention(over, attention, this.#patches, frame);
    }
  }
}
