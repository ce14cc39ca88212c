/**
 * What to expect of a training by a proposal, for each kind of pictures. The first row whose limits the data are below counts.
 * `rin data info` prints the sentence.
 */
const expectations: readonly Row[] = [
  {
    pictures: 300,
    text: 'with fewer than 300 pictures, most samples will be close to training pictures; more pictures give more variety',
  },
  {
    ofClass: 30,
    text: 'with fewer than 30 pictures in a class, its samples will be close to them; fewer classes, or none, vary more',
  },
  {
    kind: 'drawn',
    pictures: 3000,
    text: 'samples in the style of the data, some of them close to training pictures',
  },
  { kind: 'drawn', text: 'new pictures in the style of the data' },
  { kind: 'grey', text: 'new pictures; most of them look like their class' },
  {
    kind: 'photographs',
    ofClass: 1000,
    text: 'the colours and the composition of the class; small details stay unclear',
  },
  { kind: 'photographs', text: 'objects of the class; small details stay unclear. More images improve them' },
];

/** A row holds below both numbers, and for one kind or all. */
interface Row {
  readonly kind?: Kind;
  /** pictures of the whole set */
  readonly pictures?: number;
  /** pictures of a class on average; all pictures if there are no classes */
  readonly ofClass?: number;
  readonly text: string;
}

/** `grey` is small grey pictures, drawn or photographed. */
export type Kind = 'grey' | 'drawn' | 'photographs';

/** A sentence about the result. @param classes number of classes; 0 = none */
export function expectedResult(kind: Kind, pictures: number, classes: number): string {
  const ofClass = pictures / Math.max(1, classes);
  const row = expectations.find(
    (each) =>
      (each.kind ?? kind) === kind &&
      pictures < (each.pictures ?? Number.POSITIVE_INFINITY) &&
      ofClass < (each.ofClass ?? Number.POSITIVE_INFINITY),
  );
  return row?.text ?? '';
}
