import assert from 'node:assert/strict';
import { keys, kindsOf } from '../../src/config/describe.js';

/** Shows that a key of the configuration does what it says: the effect in words, and a check that fails where it is missing. */
export type Case = readonly [effect: string, check: () => void | Promise<void>];

/** By the dotted path of the key. */
export type Cases = Readonly<Record<string, Case>>;

/** The words that a key may be, or its kinds, from the schema: a case that walks them meets new ones. */
export function choicesOf(path: string): string[] {
  const { node } = keys.find((key) => key.path === path) ?? assert.fail(`no key ${path}`);
  const choices = node.enum ?? kindsOf(node);
  assert.ok(choices.length > 1, `${path} is no choice`);
  return choices;
}

/** What comes out for each choice of a key; fails where two give the same. */
export function assertDistinct(path: string, outcome: (choice: string) => unknown): void {
  const results = choicesOf(path).map((choice) => [choice, JSON.stringify(outcome(choice))] as const);
  for (const [i, [choice, result]] of results.entries()) {
    const same = results.slice(0, i).find(([, other]) => other === result);
    assert.ok(!same, `${path}: ${choice} and ${same?.[0]} give the same`);
  }
}
