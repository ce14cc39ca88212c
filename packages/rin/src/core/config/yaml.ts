import { Document, parseDocument, visit } from 'yaml';
import { ConfigError } from '../errors.js';
import type { Config } from './config.js';

/**
 * The value that YAML text describes, unchecked; text without content is an empty configuration.
 * @param where the file's name, for messages
 * @throws ConfigError with the line and what is wrong there
 */
export function fromYaml(text: string, where: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new ConfigError(`${where}: ${yamlProblem(document.errors[0])}`);
  return document.toJS() ?? {};
}

/** A configuration as YAML text that `fromYaml` and `parseConfig` read back to the same; lists stay on one line. */
export function toYaml(config: Config): string {
  const document = new Document(config);
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  return document.toString({ flowCollectionPadding: false });
}

/** What is wrong and where, in one line: the library adds a picture of the place below. */
export function yamlProblem(error: Error): string {
  return error.message.split('\n')[0].replace(/:$/, '');
}
