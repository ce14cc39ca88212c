// @ts-check

/** @typedef {import('./declarations.mjs').Module} Module @typedef {import('./declarations.mjs').Declaration} Declaration */

/**
 * A page of the reference: a list of all names, then the declaration and the docstring of each.
 *
 * @param {{ name: string, sources: string, about: string, modules: Module[] }} facts  sources: path from the page to them
 */
export function page({ name, sources, about, modules }) {
  const anchor = anchors();
  anchor(name);
  const contents = modules.map(({ path, exported }) => {
    anchor(path);
    return `| \`${path}\` | ${names(exported)
      .map((each) => `[${each}](#${anchor(each)})`)
      .join(' · ')} |`;
  });
  const sections = modules.flatMap(({ path, exported }) => [
    `## [${path}](${sources}/${path}.ts)`,
    ...names(exported).map((each) => entry(each, exported)),
  ]);
  return `# ${name}

*What the package exports, from its docstrings; written by \`npm run api\`.*

${prose(about)}

| module | exports |
|---|---|
${contents.join('\n')}

${sections.join('\n\n')}
`;
}

/** Makes the anchors of headings, in their order. A repeated anchor gets a number. */
function anchors() {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return (/** @type {string} */ heading) => {
    const letters = heading.toLowerCase().replace(/[^\w-]/g, '');
    const times = seen.get(letters) ?? 0;
    seen.set(letters, times + 1);
    return times === 0 ? letters : `${letters}-${times}`;
  };
}

/** @param {Declaration[]} declarations */
const names = (declarations) => [...new Set(declarations.map(({ name }) => name))];

/** An entry. Overloads, and a schema and its type, share one. @param {string} name @param {Declaration[]} declarations */
function entry(name, declarations) {
  const all = declarations.filter((each) => each.name === name);
  const code = all.map(({ text }) => text).join('\n');
  const said = all.map(({ doc }) => prose(doc)).filter((text) => text !== '');
  return [`### ${name}`, `\`\`\`ts\n${code}\n\`\`\``, ...said].join('\n\n');
}

/** The text of a docstring. Each tag becomes an item of a list. @param {string} doc */
function prose(doc) {
  const text = doc.replace(/^\/\*\*\s?|\s*\*\/\s*$/g, '').replace(/^ \* ?/gm, '');
  const [said, ...tags] = text.split(/(?:^|\s)(?=@(?:param|returns|throws) )/);
  const lines = tags.map((tag) => `- ${tagLine(tag.trim().replace(/\s*\n\s*/g, ' '))}`);
  return [said.trimEnd().replace(/^\n/, ''), lines.join('\n')].filter((part) => part !== '').join('\n\n');
}

/** @param {string} tag */
const tagLine = (tag) =>
  tag
    .replace(/^@param (\S+)\s+/, '`$1`: ')
    .replace(/^@returns /, 'returns ')
    .replace(/^@throws \{?(\w+)\}? ?/, 'throws `$1` ');
