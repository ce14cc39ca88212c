// The state of one JavaScript environment (the main thread or a worker), and the only place that catches exceptions.
#pragma once

#define NAPI_VERSION 9
#include <node_api.h>

#include <ATen/Config.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/flat_hash_map.h>
#include <torch/types.h>
#if AT_MKLDNN_ENABLED()
#include <oneapi/dnnl/dnnl_common.hpp>
#endif

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace rin {

// The type of an argument or a result of an operator. The order is the same as in `kinds` of src/schema.ts.
// The number of JavaScript that is this integer.
inline double exactly(int64_t value) {
  constexpr int64_t most = (int64_t{1} << 53) - 1;
  TORCH_CHECK(value >= -most && value <= most, "a number cannot hold ", value, " exactly; use toTypedArray()");
  return static_cast<double>(value);
}

enum class Kind : uint8_t {
  Tensor, Int, Float, Bool, Scalar, String, Dtype, Layout, MemoryFormat, Device, Generator,
  TensorList, OptionalTensorList, IntList, FloatList, BoolList, ScalarList, StringList, Unsupported,
};

struct Value {
  Kind kind;
  bool optional;
};

// Throws if a call with these arguments would crash libtorch (guards.cc).
using Guard = void (*)(const torch::jit::Stack&);

// Runs a call in a faster way and returns true, or leaves the arguments as they are (replacements.cc).
using Replacement = bool (*)(torch::jit::Stack&);

struct Operator {
  c10::OperatorHandle handle;
  Guard guard;              // null for most operators
  Replacement replacement;  // null for most operators
  bool hasScalar;  // whether a number of JavaScript may stay an integer
  std::vector<Value> arguments;
  std::vector<Value> results;
  std::vector<size_t> written;       // arguments that are changed in place
  std::vector<bool> writesArgument;  // for each result: whether it is an argument, changed in place
};

struct Slot {
  at::Tensor tensor;
  c10::StorageImpl* storage = nullptr;  // where its bytes are counted; null = nowhere
};

// How many slots hold tensors on a storage.
struct StorageUse {
  int64_t bytes = 0;
  uint32_t slots = 0;
};

struct Group;  // a process in a group of processes (distributed.cc)

// Slots hold the tensors. JavaScript knows the number of a slot (1, 2, …); 0 means "no tensor".
struct Context {
  napi_env env;
  std::vector<Slot> slots{1};
  std::vector<uint32_t> free;
  ska::flat_hash_map<c10::StorageImpl*, StorageUse> storages;
  std::vector<Operator> operators;
  std::vector<std::shared_ptr<Group>> groups;  // null = closed
  std::vector<std::shared_ptr<void>> scripts;  // modules of TorchScript by number (torchscript.cc); null = released
  int64_t bytes = 0;      // of the storages
  int64_t reported = 0;   // bytes reported to V8
  bool reporting = true;  // false inside a scope
  // Filled by describe(): dtype, device type, device index, requires grad, dimensions, sizes…
  static constexpr int descriptionLength = 5 + 64;
  double description[descriptionLength];

  uint32_t hold(at::Tensor tensor);
  void release(uint32_t slot);
  // Is called for each tensor that an operator wrote. Its storage may be another one now (set_, set_data), or have another size
  // (resize_).
  void recount(uint32_t slot);
  const at::Tensor& at(uint32_t slot) const;
  size_t count() const { return slots.size() - 1 - free.size(); }

 private:
  void enter(c10::StorageImpl* storage);
  void leave(c10::StorageImpl* storage);
};

constexpr size_t maxArguments = 32;

struct Call {
  napi_env env;
  Context& context;
  size_t count;
  const napi_value* values;

  double number(size_t index) const;
  int64_t integer(size_t index) const { return static_cast<int64_t>(number(index)); }
  bool boolean(size_t index) const;
  std::string text(size_t index) const;
  const at::Tensor& tensor(size_t index) const { return context.at(static_cast<uint32_t>(number(index))); }
  std::vector<at::Tensor> tensors(size_t index) const;
  std::vector<int64_t> integers(size_t index) const;
  std::vector<double> numbers(size_t index) const;

  napi_value make(double value) const;
  napi_value make(const std::string& value) const;
  napi_value make(const std::vector<at::Tensor>& tensors) const;
  napi_value hold(at::Tensor tensor) const { return make(static_cast<double>(context.hold(std::move(tensor)))); }
  napi_value nothing() const { return nullptr; }
};

// Node-API calls fail only if JavaScript passes values of other types than src/native.ts declares.
inline void check(napi_status status, const char* what) {
  TORCH_CHECK(status == napi_ok, what);
}

void throwToJavaScript(napi_env env, const char* message);

// Runs something for JavaScript. An exception of any type becomes a JavaScript Error here.
template <typename Run>
napi_value guarded(napi_env env, Run run) {
  try {
    return run();
  } catch (const c10::Error& error) {
    throwToJavaScript(env, error.what_without_backtrace());
#if AT_MKLDNN_ENABLED()
  } catch (const dnnl::error& error) {
    // oneDNN's message is the same for every error
    const std::string reason = error.status == dnnl_out_of_memory ? "out of memory: " : "";
    throwToJavaScript(env, (reason + error.message).c_str());
#endif
  } catch (const std::exception& error) {
    throwToJavaScript(env, error.what());
  } catch (...) {
    throwToJavaScript(env, "an unknown native error");
  }
  return nullptr;
}

// Wraps a function so that JavaScript can call it.
template <napi_value (*F)(Call&)>
napi_value entry(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    void* data = nullptr;
    size_t count = maxArguments;
    napi_value values[maxArguments];
    check(napi_get_cb_info(env, info, &count, values, nullptr, &data), "arguments could not be read");
    Call call{env, *static_cast<Context*>(data), std::min(count, maxArguments), values};
    return F(call);
  });
}

// The functions that JavaScript sees, by file.
napi_value lookUp(Call&);           // operators.cc
napi_value callOperator(Call&);
napi_value defaultsOf(Call&);
Guard guardOf(const c10::OperatorName&);  // guards.cc
Replacement replacementOf(const c10::OperatorName&);  // replacements.cc
bool isReplaced(const char* name);
napi_value fused(Call&);
napi_value setReplacement(Call&);
bool replaceConvolution(torch::jit::Stack&);  // depthwise.cc
bool replaceReshape(torch::jit::Stack&);  // reshape.cc
bool replaceAttention(torch::jit::Stack&);  // attention.cc
bool replaceLayerNorm(torch::jit::Stack&);  // layerNorm.cc
bool replaceLinear(torch::jit::Stack&);     // linear.cc
bool fuseLinearGelu(torch::jit::Stack&);
bool fuseLinearAdded(torch::jit::Stack&);
bool fuseConvolution(torch::jit::Stack&);   // convolution.cc
napi_value limitMemory(Call&);      // memory.cc
napi_value requireMemory(Call&);
napi_value fromBytes(Call&);        // data.cc
napi_value toBytes(Call&);
napi_value byteLength(Call&);
napi_value copyIn(Call&);
napi_value copyOut(Call&);
napi_value share(Call&);
napi_value describe(Call&);
napi_value release(Call&);
napi_value reportMemory(Call&);     // context.cc
napi_value item(Call&);
napi_value backward(Call&);         // autograd.cc
napi_value gradients(Call&);
napi_value getGrad(Call&);
napi_value setGrad(Call&);
napi_value setRequiresGrad(Call&);
napi_value setGradMode(Call&);
napi_value setAutocast(Call&);      // runtime.cc
napi_value setSeed(Call&);
napi_value randomState(Call&);
napi_value setRandomState(Call&);
napi_value setThreads(Call&);
napi_value releaseFreeMemory(Call&);
void fenceAddressSpace();
napi_value runtime(Call&);
napi_value memory(Call&);
napi_value philoxNormals(Call&);    // philox.cc
napi_value philoxWords(Call&);
napi_value loadScript(Call&);       // torchscript.cc
napi_value runScript(Call&);
napi_value scriptNames(Call&);
napi_value scriptTensors(Call&);
napi_value releaseScript(Call&);
napi_value startProfile(Call&);     // profile.cc
napi_value stopProfile(Call&);
napi_value openGroup(Call&);        // distributed.cc
napi_value collective(Call&);
napi_value publish(Call&);
napi_value awaitKey(Call&);
napi_value rollCall(Call&);
napi_value closeGroup(Call&);
napi_value backends(Call&);

// Is called when an environment ends, perhaps with open groups.
void endGroups(const Context&);     // distributed.cc

// Is called when an environment ends, perhaps during a profile.
void dropProfile(const Context&);   // profile.cc

}  // namespace rin
