import type { IncomingMessage } from 'node:http';
import { samplerNames } from '@rin/core';
import type { DrawRequest, StopRequest } from '@rin/web/studio';
import { z } from 'zod';
import { Refused } from './gate.js';

/** Most bytes of a request. */
const mostBytes = 100_000;
/** Most samples in one drawing. */
const mostSamples = 64;

const Stop = z.strictObject({ run: z.string() });

const Draw = z.strictObject({
  run: z.string(),
  model: z.string(),
  seeds: z.array(z.int().min(0)).min(1).max(mostSamples),
  classes: z
    .array(z.union([z.string(), z.int().min(0), z.null()]))
    .min(1)
    .max(mostSamples)
    .optional(),
  steps: z.int().min(1).max(100_000).optional(),
  sampler: z.enum(samplerNames).optional(),
  guidance: z.number().min(0).optional(),
  reads: z.boolean().optional(),
});

/** Reads the JSON of a request. @throws Refused if it is too long or no JSON */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > mostBytes) throw new Refused(413, `a request has at most ${mostBytes} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    throw new Refused(400, 'the request is no JSON');
  }
}

/** @throws Refused if it is something else */
export const stopRequest = (body: unknown): StopRequest => checked(Stop, body);

/** @throws Refused if it is something else; the message names what is wrong */
export const drawRequest = (body: unknown): DrawRequest => checked(Draw, body) as DrawRequest;

function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw new Refused(400, `${path.join('.') || 'the request'}: ${message}`);
}
