import { enlargement, grid } from './grid.js';
import type { Image } from './image.js';

/** Default number of pictures in a row: 8. Above 128 pictures, the sheet has as many columns as rows. */
const usualColumns = (pictures: number): number => (pictures > 128 ? Math.ceil(Math.sqrt(pictures)) : 8);

/**
 * Pictures side by side. If sorting by class gives rows of one class each, they are sorted, and each row shows the name
 * of its class. Otherwise they keep their order.
 */
export class Sheet {
  readonly #columns: number;
  readonly #order: readonly number[];
  readonly #labels: readonly string[];

  /** @param classes name of each picture's class; empty if there are no classes */
  constructor(pictures: number, classes: readonly string[], columns = usualColumns(pictures)) {
    this.#columns = Math.min(pictures, columns);
    const indices = Array.from({ length: pictures }, (_, index) => index);
    const names = [...new Set(classes)];
    const byClass = names.flatMap((name) => indices.filter((index) => classes[index] === name));
    const rows = Array.from({ length: Math.ceil(byClass.length / this.#columns) }, (_, row) =>
      byClass.slice(row * this.#columns, (row + 1) * this.#columns),
    );
    const isSorted = rows.length > 0 && rows.every((row) => row.every((index) => classes[index] === classes[row[0]]));
    this.#order = isSorted ? byClass : indices;
    this.#labels = isSorted ? rows.map((row) => classes[row[0]]) : [];
  }

  /** The pictures as one; small pictures are enlarged. @param images in the order of `classes` */
  draw(images: readonly Image[]): Image {
    return grid(
      this.#order.map((index) => images[index]),
      { columns: this.#columns, labels: this.#labels, scale: enlargement(images[0]) },
    );
  }
}
