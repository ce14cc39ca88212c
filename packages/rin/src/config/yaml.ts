import { ConfigError, count, printable, RinError } from '@rin/core';
import { Document, isScalar, parseDocument, visit } from 'yaml';
import type { Config } from './config.js';
import { durationKeys, imagesOf } from './duration.js';
import { excess, longestText } from './limits.js';

/**
 * The value that YAML text describes, unchecked. Text without content is an empty configuration.
 * @param where the file's name, for messages
 * @throws ConfigError with the line and its problem
 */
export function fromYaml(text: string, where: string): unknown {
  return parsed(text, (problem) => new ConfigError(`${where}: ${problem}`)) ?? {};
}

/** The value that YAML text describes. @param refuse makes an error from the description of a problem */
export function parsed(text: string, refuse: (problem: string) => Error): unknown {
  if (text.length > longestText) {
    throw refuse(`the text has ${count(text.length)} characters; a configuration has at most ${count(longestText)}`);
  }
  try {
    const document = parseDocument(text);
    if (document.errors.length > 0) throw refuse(yamlProblem(document.errors[0]));
    const value: unknown = document.toJS();
    const tooMuch = excess(value);
    if (tooMuch === undefined) return value;
    throw refuse(`${tooMuch}, which no configuration needs`);
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RinError) throw error;
    // In YAML, *name repeats the value that &name marks.
    throw refuse(`${yamlProblem(error)}; put text that begins with * or & in quotes`);
  }
}

/**
 * A configuration as YAML text. `fromYaml` and `parseConfig` give the same configuration back. Lists stay on one line. The
 * text is safe to print: control characters in file names are escapes in quotes. A comment gives the images of each share.
 */
export function toYaml(config: Config): string {
  const document = new Document(config);
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && printable(scalar.value) !== scalar.value) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  for (const key of durationKeys) {
    const [value, scalar] = [config.training[key], document.getIn(['training', key], true)];
    if (typeof value === 'string' && isScalar(scalar))
      scalar.comment = ` ${count(imagesOf(value, config.training))} images`;
  }
  return printable(document.toString({ flowCollectionPadding: false })); // \x9b and \u202e are escapes of YAML too
}

/** The problem and its place, in one line. The library adds an excerpt of the text in further lines. */
function yamlProblem(error: Error): string {
  if (/call stack/.test(error.message)) return 'it is nested too deeply'; // the parser recurses, and reports its overflow
  return error.message.split('\n')[0].replace(/:$/, '');
}
