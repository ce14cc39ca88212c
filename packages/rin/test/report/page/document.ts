import { type DefaultTreeAdapterTypes, parse } from 'parse5';

/** An element of a page, as a parser of HTML sees it. */
export interface Found {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** all text inside */
  readonly text: string;
  readonly inside: readonly Found[];
}

type Node = DefaultTreeAdapterTypes.Node;

/** The elements of a page, each with what is inside. @throws if the parser meets an error */
export function elementsOf(html: string): Found[] {
  const errors: string[] = [];
  const tree = parse(html, { onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`) });
  if (errors.length > 0) throw new Error(errors.join(', '));
  return within(tree);
}

const within = (node: Node): Found[] =>
  'childNodes' in node
    ? node.childNodes.flatMap((child) => ('tagName' in child ? [found(child), ...within(child)] : within(child)))
    : [];

function found(element: DefaultTreeAdapterTypes.Element): Found {
  return {
    name: element.tagName,
    attributes: Object.fromEntries(element.attrs.map(({ name, value }) => [name, value])),
    text: textOf(element),
    inside: within(element),
  };
}

const textOf = (node: Node): string =>
  'value' in node ? node.value : 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';

/** The elements of a name, or those of a class if it begins with a dot. */
export const all = (elements: readonly Found[], name: string): Found[] =>
  elements.filter((each) =>
    name.startsWith('.') ? each.attributes.class?.split(' ').includes(name.slice(1)) : each.name === name,
  );
