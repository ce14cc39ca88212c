import { ConfigError } from '@rin/core';
import { Document, parseDocument, visit } from 'yaml';
import type { Config } from './config.js';

/**
 * The value that YAML text describes, unchecked; text without content is an empty configuration.
 * @param where the file's name, for messages
 * @throws ConfigError with the line and what is wrong there
 */
export function fromYaml(text: string, where: string): unknown {
  return parsed(text, (problem) => new ConfigError(`${where}: ${problem}`)) ?? {};
}

/** The value that YAML text describes. @param refuse makes the error of what is wrong with the text */
export function parsed(text: string, refuse: (problem: string) => Error): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw refuse(yamlProblem(document.errors[0]));
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // A word with * in front stands for what has its name behind & elsewhere.
    throw refuse(`${yamlProblem(error)}; text that begins with * or & belongs into quotes`);
  }
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
