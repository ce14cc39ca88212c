import { geometry, RinError } from '@rin/core';
import {
  type Argument,
  batchAxes,
  noGrad,
  scope,
  type Tensor,
  type TracedCall,
  type TracedTensor,
  type TracedValue,
  trace,
  unsafe,
  zeros,
} from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { RIN } from '../model/rin.js';
import { Graph } from './graph.js';
import type { OnnxModel } from './onnx.js';
import { writeCall } from './operators.js';
import { inputsOf, outputsOf, passOf } from './ports.js';
import type { Storage } from './storage.js';

/**
 * The graph of a network for any batch, written from traces of a pass with 2 and with 3 samples. What depends on no input is
 * computed here and stored. Call it in a scope.
 * @param reads  whether the attention of each read is an output too
 * @throws RinError if the network calls an operator that rin cannot write
 */
export function networkGraph(
  network: RIN,
  model: ModelConfig,
  { storage, reads }: { readonly storage: Storage; readonly reads: boolean },
): Omit<OnnxModel, 'name' | 'metadata'> {
  const [two, three] = [2, 3].map((batch) => traced(network, model, batch));
  using pass = two.pass;
  using other = three.pass;
  const graph = new Graph(batchAxes(pass, other), storage);
  const idOf = (tensor: Tensor) => ({ id: pass.idOf(tensor) ?? -1 }); // −1: the pass did not use it
  for (const [name, tensor] of Object.entries(two.inputs)) graph.bind(idOf(tensor), name);
  const names = new Map(Object.entries(network.parameters()).map(([name, tensor]) => [idOf(tensor).id, name]));
  for (const [id, value] of pass.captured)
    if (graph.value({ id }) === undefined) graph.bindConstant({ id }, names.get(id) ?? `constant.${id}`, value);
  for (const call of pass.calls) {
    if (tensorsOf(call.inputs).some((each) => graph.value(each) !== undefined)) writeCall(graph, call);
    else fold(graph, call);
  }

  const outputs = outputsOf(model);
  const found = new Map<string, string>();
  for (const name of Object.keys(outputs)) {
    const value = graph.value(idOf(Reflect.get(pass.result, name) as Tensor));
    if (value === undefined || Object.hasOwn(two.inputs, value) || found.has(value))
      throw new RinError(`this network cannot be written as ONNX: its output ${name} is no result of its own`);
    found.set(value, name);
  }
  if (reads)
    for (const [i, value] of readMaps(graph, model).entries()) {
      outputs[`read_${i}`] = [model.latents, geometry(model).predicted.tokens];
      found.set(value, `read_${i}`);
    }
  const rename = (value: string) => found.get(value) ?? value;
  const ports = (shapes: Readonly<Record<string, readonly number[]>>) =>
    Object.entries(shapes).map(([name, sample]) => ({ name, sample }));
  return {
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
    stored: graph.stored,
    inputs: ports(inputsOf(model)),
    outputs: ports(outputs),
  };
}

/** A pass over zeros. Its operators do not depend on the values. */
function traced(network: RIN, model: ModelConfig, batch: number) {
  const inputs = Object.fromEntries(
    Object.entries(inputsOf(model)).map(([name, sample]) => [
      name,
      zeros([batch, ...sample], { device: network.device }),
    ]),
  );
  return scope(() => ({ inputs, pass: trace(() => noGrad(() => passOf(network, inputs)), { root: network }) }));
}

/** Makes the results of a call constants. */
function fold(graph: Graph, { operator, inputs, outputs, module }: TracedCall): void {
  const resolved = (value: TracedValue): Argument => {
    if (Array.isArray(value)) return value.map(resolved) as Argument;
    return (isTraced(value) ? graph.constant(value) : value) as Argument;
  };
  const made = [noGrad(() => unsafe.call(operator, inputs.map(resolved)))].flat() as Tensor[];
  const [, name] = operator.split(/::|\./);
  for (const [i, output] of tensorsOf(outputs).entries())
    graph.bindConstant(output, `${module && `${module}.`}${name}.${output.id}`, made[i]);
}

/**
 * The attention of the read of each block, averaged over heads: a value [B, m, n] each. It is the part of the n patch tokens in
 * the softmax over all tokens that the latents read.
 */
function readMaps(graph: Graph, model: ModelConfig): string[] {
  const { tokens } = geometry(model).predicted;
  return model.depth.map((_, block) => {
    const module = `blocks.${block}.read.attention`;
    const weights = graph.nodes.find((node) => node.operator === 'Softmax' && node.module === module);
    if (!weights) throw new RinError(`this network cannot be written with its reads: ${module} has no softmax`);
    graph.module = module;
    const mean = graph.node('ReduceMean', [weights.outputs[0], graph.integers([1])], { keepdims: 0 }); // [B, m, all]
    return graph.slice(mean, 2, 0, tokens);
  });
}

const tensorsOf = (values: readonly TracedValue[]): TracedTensor[] => values.flat().filter(isTraced);

const isTraced = (value: TracedValue): value is TracedTensor =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
