// The process-wide state of libtorch: autocast, seeds, threads, devices, memory.
#include "context.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <torch/cuda.h>
#include <torch/mps.h>
#include <torch/version.h>

#if defined(__linux__)
#include <malloc.h>
#else
#include <malloc/malloc.h>
#endif

namespace rin {

// setAutocast(device type, dtype or -1 for off) → the previous setting, in the same form. The cache of casts ignores the dtype,
// so it is cleared.
napi_value setAutocast(Call& call) {
  const auto device = c10::Device(call.text(0)).type();
  const int64_t dtype = call.integer(1);
  const bool before = at::autocast::is_autocast_enabled(device);
  const int64_t dtypeBefore = before ? static_cast<int64_t>(at::autocast::get_autocast_dtype(device)) : -1;
  if (dtype >= 0) at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(dtype));
  at::autocast::set_autocast_enabled(device, dtype >= 0);
  at::autocast::clear_cache();
  return call.make(static_cast<double>(dtypeBefore));
}

napi_value setSeed(Call& call) {
  torch::manual_seed(static_cast<uint64_t>(call.integer(0)));
  return call.nothing();
}

// randomState(device) → the state of the device's generator, as a tensor of bytes
napi_value randomState(Call& call) {
  at::Generator generator = at::globalContext().defaultGenerator(c10::Device(call.text(0)));
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return call.hold(generator.get_state());
}

// setRandomState(device, state)
napi_value setRandomState(Call& call) {
  at::Generator generator = at::globalContext().defaultGenerator(c10::Device(call.text(0)));
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(call.tensor(1));
  return call.nothing();
}

napi_value setThreads(Call& call) {
  at::set_num_threads(static_cast<int>(call.integer(0)));
  return call.nothing();
}

napi_value releaseFreeMemory(Call& call) {
#if defined(__linux__)
  malloc_trim(0);
#else
  malloc_zone_pressure_relief(nullptr, 0);
#endif
  return call.nothing();
}

// runtime() → "version\nCPU capability\nthreads\nCUDA devices\nwhether there is an MPS device"
napi_value runtime(Call& call) {
  std::ostringstream out;
  out << TORCH_VERSION << '\n' << at::get_cpu_capability() << '\n' << at::get_num_threads() << '\n'
      << (torch::cuda::is_available() ? torch::cuda::device_count() : 0) << '\n'
      << torch::mps::is_available();
  return call.make(out.str());
}

// memory(device) → "handles bytes", and for an accelerator also "allocated peak reserved". In libtorch 2.8 these need CUDA's
// headers, so they are left out.
napi_value memory(Call& call) {
  std::ostringstream out;
  out << call.context.count() << ' ' << call.context.bytes;
  const c10::Device device(call.text(0));
  if (!device.is_cpu()) {
    at::globalContext().lazyInitDevice(device.type());
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR > 8
    const auto stats = at::accelerator::getDeviceStats(device.has_index() ? device.index() : 0);
    const auto& allocated = stats.allocated_bytes[0];
    out << ' ' << allocated.current << ' ' << allocated.peak << ' ' << stats.reserved_bytes[0].current;
#endif
  }
  return call.make(out.str());
}

}  // namespace rin
