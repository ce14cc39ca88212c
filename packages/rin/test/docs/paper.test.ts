import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// docs/paper.md: "every file, function and test named on this page exists."

const docs = fileURLToPath(new URL('../../../../../docs/', import.meta.url));
const page = readFileSync(join(docs, 'paper.md'), 'utf8');
const pytorch = readFileSync(join(docs, '../examples/pytorch/rin.py'), 'utf8');

/** What stands under a heading of the third level. */
interface Concept {
  readonly group: string;
  readonly title: string;
  readonly text: string;
}

const concepts: readonly Concept[] = page.split(/^## /m).flatMap((part) => {
  const [group, ...sections] = part.split(/^### /m);
  return sections.map((section) => {
    const [title] = section.split('\n', 1);
    return { group: group.split('\n', 1)[0], title, text: section.slice(title.length) };
  });
});

/** A field of a concept: the rest of its line and the lines under it. */
function field({ text }: Concept, name: string): string {
  const [, found] = new RegExp(`^- ${name}:(.*(?:\\n  .*)*)`, 'm').exec(text) ?? [];
  assert.ok(found?.trim(), `no "- ${name}: …"`);
  return found;
}

/** Each file that a field links to, with what is named behind it. */
const links = (text: string): { path: string; text: string; named: string }[] =>
  [...text.matchAll(/\[`[^`]+`\]\(([^)]+)\)([^[]*)/g)].map(([, path, named]) => {
    assert.ok(existsSync(join(docs, path)), `${path} is not there`);
    return { path, named, text: readFileSync(join(docs, path), 'utf8') };
  });

/** Whether a source declares this function, constant or class, or this member of a class. */
function declares(text: string, name: string): boolean {
  const [owner, member] = name.includes('.') ? name.split('.') : [undefined, name];
  if (owner === undefined) return new RegExp(`(function\\*?|const|class|def) ${name}\\b|^  ${name}\\(`, 'm').test(text);
  const body = new RegExp(`class ${owner}\\b[^]*?(?=\\n(export )?class |$(?![^]))`).exec(text)?.[0] ?? '';
  return new RegExp(`^ +(def )?${member}\\(`, 'm').test(body);
}

/** Whether a file has a test whose title has these words, or a configuration by this name. */
function tests(path: string, text: string, title: string): boolean {
  const written = [title, title.replaceAll("'", "\\'")];
  if (path.endsWith('configurations.ts'))
    return written.some((name) => text.includes(`\n  '${name}': `) || text.includes(`\n  ${name}: `));
  const titles = [...text.matchAll(/^\s*test\(\s*(['"`])(.*?)(?<!\\)\1,/gm)].map(([, , name]) => name);
  // Where titles come from a list (`test(name, …`), they are strings of the file.
  const listed = /^\s*test\(name,/m.test(text) ? [...text.matchAll(/'([^'\n]+)'/g)].map(([, name]) => name) : [];
  return [...titles, ...listed].some((name) => written.some((words) => name.includes(words)));
}

for (const concept of concepts) {
  const { group, title, text } = concept;
  test(`${group}, ${title}: it has an equation and a source`, () => {
    assert.match(text, /^\n\n```text\n\S[^`]*\n```\n\n\S/, 'it begins with an equation, and a sentence follows');
    assert.match(field(concept, 'Source'), /paper, section \d|the authors' code|\b(19|20)\d\d\b/);
  });

  test(`${group}, ${title}: it is where the page says, in both codes`, () => {
    const sources = links(field(concept, 'Code'));
    assert.ok(sources.length > 0, 'no file of the code is linked');
    for (const { path, text: source, named } of sources) {
      const names = [...named.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
      assert.ok(names.length > 0, `nothing is named in ${path}`);
      for (const name of names) assert.ok(declares(source, name), `${path} has no ${name}`);
    }
    const twins = [...field(concept, 'PyTorch').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    if (group !== 'Training') assert.ok(twins.length > 0, 'nothing is named in rin.py');
    for (const name of twins) assert.ok(declares(pytorch, name), `rin.py has no ${name}`);
  });

  test(`${group}, ${title}: its tests are there, and one of them checks the code itself`, () => {
    const checks = links(field(concept, 'Tests'));
    // Those two check the recomputation in float64 by hand, and nothing of the code.
    assert.ok(
      checks.some(({ path }) => !/\/reference(Layers)?\.test\.ts$/.test(path)),
      'no test of the code',
    );
    for (const { path, text: source, named } of checks) {
      const titles = [...named.matchAll(/“([^”]+)”/g)].map(([, name]) => name);
      assert.ok(titles.length > 0, `no test of ${path} is named`);
      for (const name of titles) assert.ok(tests(path, source, name), `${path} has no test “${name}”`);
    }
  });
}

test('every link of the page leads to a file', () => {
  for (const [, target] of page.matchAll(/\]\(((?!https?:)[^)#]+)\)/g))
    assert.ok(existsSync(join(docs, target)), target);
});

test('the page has the concepts of the network, of diffusion and of training, each once', () => {
  const count = (name: string) => concepts.filter(({ group }) => group === name).length;
  assert.deepEqual([...new Set(concepts.map(({ group }) => group))], ['The network', 'Diffusion', 'Training']);
  assert.ok(count('The network') >= 18 && count('Diffusion') >= 13 && count('Training') >= 7, `${concepts.length}`);
  assert.equal(new Set(concepts.map(({ title }) => title)).size, concepts.length);
});

test('every class of the network and every optimiser is named on the page', () => {
  const network = ['attention', 'block', 'convolution', 'layers', 'time', 'rin'].map((name) => `rin/src/model/${name}`);
  const optimizers = ['lamb', 'adamw', 'muon', 'newtonSchulz'].map((name) => `torch/src/optim/${name}`);
  const classes = [...network, ...optimizers].flatMap((name) => {
    const source = readFileSync(join(docs, `../packages/${name}.ts`), 'utf8');
    return [...source.matchAll(/^export class (\w+)/gm)].map(([, found]) => found);
  });
  const missing = classes.filter((name) => !page.includes(`\`${name}.`));
  assert.deepEqual(missing, []);
});
