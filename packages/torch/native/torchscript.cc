// Modules that PyTorch saved with torch.jit.save: load them, run their method `forward`, read their tensors.
#include "context.h"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

namespace rin {

using torch::jit::Module;

static Module& moduleAt(Call& call) {
  const auto id = static_cast<size_t>(call.number(0));
  TORCH_CHECK(id < call.context.scripts.size() && call.context.scripts[id] != nullptr, "the module was disposed");
  return *static_cast<Module*>(call.context.scripts[id].get());
}

// loadScript(path, device) → id. Only the arithmetic of the file runs, never Python.
napi_value loadScript(Call& call) {
  const c10::Device device(call.text(1));
  auto loaded = std::make_shared<Module>(torch::jit::load(call.text(0), device));
  loaded->eval();
  auto& scripts = call.context.scripts;
  const auto empty = std::find(scripts.begin(), scripts.end(), nullptr);
  const auto id = empty - scripts.begin();
  if (empty == scripts.end()) scripts.emplace_back();
  scripts[id] = std::move(loaded);
  return call.make(static_cast<double>(id));
}

// releaseScript(id)
napi_value releaseScript(Call& call) {
  const auto id = static_cast<size_t>(call.number(0));
  if (id < call.context.scripts.size()) call.context.scripts[id].reset();
  return call.nothing();
}

static c10::IValue optionOf(Call& call, const c10::FunctionSchema& schema, const std::string& name, napi_value value) {
  const auto& arguments = schema.arguments();
  const auto found = std::find_if(arguments.begin(), arguments.end(), [&](const auto& one) { return one.name() == name; });
  if (found == arguments.end()) {
    std::string names;
    // The first argument is the module itself.
    for (size_t i = 1; i < arguments.size(); i++) names += (i > 1 ? ", " : "") + arguments[i].name();
    TORCH_CHECK(false, "unknown argument ", name, "; expected one of ", names);
  }
  napi_valuetype type = napi_undefined;
  check(napi_typeof(call.env, value, &type), "an option could not be read");
  const Call one{call.env, call.context, 1, &value};
  if (type == napi_boolean) return one.boolean(0);
  c10::TypePtr wanted = found->type();
  if (const auto optional = wanted->cast<c10::OptionalType>()) wanted = optional->getElementType();
  const bool whole = wanted->kind() == c10::TypeKind::IntType;
  if (type == napi_number) return whole ? c10::IValue(one.integer(0)) : c10::IValue(one.number(0));
  TORCH_CHECK(false, "the argument ", name, " must be a number or a boolean");
}

static void collect(const c10::IValue& value, std::vector<at::Tensor>& into) {
  if (value.isTensor()) return into.push_back(value.toTensor());
  TORCH_CHECK(value.isTuple() || value.isList(), "it returned ", value.tagKind(), " and not tensors");
  if (value.isTuple()) for (const auto& element : value.toTupleRef().elements()) collect(element, into);
  else for (const auto& element : value.toListRef()) collect(element, into);
}

// runScript(id, tensors, names, values) → tensors. The names and values are those of further arguments of `forward`.
napi_value runScript(Call& call) {
  Module& module = moduleAt(call);
  std::vector<c10::IValue> inputs;
  for (const at::Tensor& tensor : call.tensors(1)) inputs.emplace_back(tensor);
  const auto& schema = module.get_method("forward").function().getSchema();
  std::unordered_map<std::string, c10::IValue> options;
  uint32_t count = 0;
  check(napi_get_array_length(call.env, call.values[2], &count), "expected a list of names");
  for (uint32_t i = 0; i < count; i++) {
    napi_value name, value;
    check(napi_get_element(call.env, call.values[2], i, &name), "expected a list of names");
    check(napi_get_element(call.env, call.values[3], i, &value), "expected a list of values");
    const std::string key = Call{call.env, call.context, 1, &name}.text(0);
    options.emplace(key, optionOf(call, schema, key, value));
  }
  // The optimiser of graphs looks at the first calls, so that later calls could give other bits.
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  std::vector<at::Tensor> results;
  collect(module.forward(std::move(inputs), options), results);
  return call.make(results);
}

// scriptNames(id) → the names of its parameters, then of its buffers, one a line; scriptTensors(id) → these tensors
napi_value scriptNames(Call& call) {
  const Module& module = moduleAt(call);
  std::string names;
  for (const auto& parameter : module.named_parameters()) names += parameter.name + '\n';
  for (const auto& buffer : module.named_buffers()) names += buffer.name + '\n';
  return call.make(names);
}

napi_value scriptTensors(Call& call) {
  const Module& module = moduleAt(call);
  std::vector<at::Tensor> tensors;
  for (const auto& parameter : module.named_parameters()) tensors.push_back(parameter.value.detach());
  for (const auto& buffer : module.named_buffers()) tensors.push_back(buffer.value.detach());
  return call.make(tensors);
}

}  // namespace rin
