// The functions that the addon exports.
#include "context.h"

#if defined(__linux__)
#include <malloc.h>
#else
#include <dlfcn.h>
#endif

namespace rin {

template <napi_value (*F)(Call&)>
static void add(napi_env env, napi_value exports, Context* context, const char* name) {
  napi_value function;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, entry<F>, context, &function), name);
  check(napi_set_named_property(env, exports, name, function), name);
}

// Every step frees large activations and allocates them again. By default glibc returns them to the kernel, and every page
// faults at its next use. Kept memory costs no page faults. Parallel work is unaffected.
static void keepFreedMemory() {
#if defined(__linux__)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

// libtorch keeps using functions of this library after the worker that loaded it has ended. On Linux the linker marks the
// library (-z nodelete); the linker of macOS has no such mark.
static void stayLoaded() {
#if !defined(__linux__)
  Dl_info here;
  if (dladdr(reinterpret_cast<void*>(&stayLoaded), &here) != 0) dlopen(here.dli_fname, RTLD_NOW | RTLD_NODELETE);
#endif
}

static void leave(napi_env, void* data, void*) {
  const std::unique_ptr<Context> context(static_cast<Context*>(data));
  dropProfile(*context);
  endGroups(*context);
}

// Nothing is static: the main thread and each worker load this library, and each has its own Context.
static napi_value initialize(napi_env env, napi_value exports) {
  stayLoaded();
  keepFreedMemory();
  fenceAddressSpace();
  auto* context = new Context{env};
  check(napi_set_instance_data(env, context, leave, nullptr), "instance data");
  napi_value buffer, description;
  check(napi_create_external_arraybuffer(env, context->description, sizeof(context->description), nullptr, nullptr, &buffer),
        "description");
  check(napi_create_typedarray(env, napi_float64_array, Context::descriptionLength, buffer, 0, &description), "description");
  check(napi_set_named_property(env, exports, "description", description), "description");
  add<lookUp>(env, exports, context, "lookUp");
  add<callOperator>(env, exports, context, "callOperator");
  add<defaultsOf>(env, exports, context, "defaultsOf");
  add<limitMemory>(env, exports, context, "limitMemory");
  add<requireMemory>(env, exports, context, "requireMemory");
  add<fromBytes>(env, exports, context, "fromBytes");
  add<toBytes>(env, exports, context, "toBytes");
  add<byteLength>(env, exports, context, "byteLength");
  add<copyIn>(env, exports, context, "copyIn");
  add<copyOut>(env, exports, context, "copyOut");
  add<share>(env, exports, context, "share");
  add<describe>(env, exports, context, "describe");
  add<release>(env, exports, context, "release");
  add<reportMemory>(env, exports, context, "reportMemory");
  add<item>(env, exports, context, "item");
  add<backward>(env, exports, context, "backward");
  add<gradients>(env, exports, context, "gradients");
  add<getGrad>(env, exports, context, "getGrad");
  add<setGrad>(env, exports, context, "setGrad");
  add<setRequiresGrad>(env, exports, context, "setRequiresGrad");
  add<setGradMode>(env, exports, context, "setGradMode");
  add<setAutocast>(env, exports, context, "setAutocast");
  add<setSeed>(env, exports, context, "setSeed");
  add<randomState>(env, exports, context, "randomState");
  add<setRandomState>(env, exports, context, "setRandomState");
  add<setThreads>(env, exports, context, "setThreads");
  add<releaseFreeMemory>(env, exports, context, "releaseFreeMemory");
  add<runtime>(env, exports, context, "runtime");
  add<memory>(env, exports, context, "memory");
  add<philoxNormals>(env, exports, context, "philoxNormals");
  add<philoxWords>(env, exports, context, "philoxWords");
  add<loadScript>(env, exports, context, "loadScript");
  add<runScript>(env, exports, context, "runScript");
  add<scriptNames>(env, exports, context, "scriptNames");
  add<scriptTensors>(env, exports, context, "scriptTensors");
  add<releaseScript>(env, exports, context, "releaseScript");
  add<fused>(env, exports, context, "fused");
  add<setReplacement>(env, exports, context, "setReplacement");
  add<startProfile>(env, exports, context, "startProfile");
  add<stopProfile>(env, exports, context, "stopProfile");
  add<openGroup>(env, exports, context, "openGroup");
  add<collective>(env, exports, context, "collective");
  add<publish>(env, exports, context, "publish");
  add<awaitKey>(env, exports, context, "awaitKey");
  add<rollCall>(env, exports, context, "rollCall");
  add<closeGroup>(env, exports, context, "closeGroup");
  add<backends>(env, exports, context, "backends");
  return exports;
}

}  // namespace rin

// Node-API fails here if a worker is stopped while it loads the library.
NAPI_MODULE_INIT() {
  return rin::guarded(env, [&] { return rin::initialize(env, exports); });
}
