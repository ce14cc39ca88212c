// Limits the memory of tensors on the CPU. Linux grants more memory than exists, and kills a process that uses it.
#include "context.h"

#include <c10/core/CPUAllocator.h>
#if !defined(__aarch64__)
#include <malloc.h>
#endif

#include <atomic>

namespace rin {

// libtorch's own allocator, with a limit on the bytes of all tensors of the process together.
struct LimitedAllocator final : c10::Allocator {
  c10::Allocator* base = nullptr;
  std::atomic<int64_t> limit{0};
  std::atomic<int64_t> used{0};

  void require(int64_t size) const {
    const int64_t most = limit, held = used;
    TORCH_CHECK_WITH(OutOfMemoryError, size <= most - held, "out of memory: ", size,
                     " bytes are needed; the tensors have ", held, ", and the limit of this machine or container is ", most);
  }

  at::DataPtr allocate(size_t size) override;
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t count) const override { base->copy_data(to, from, count); }
};

// Set once for the whole process. The allocator is never freed, because tensors may outlive every environment.
static std::atomic<LimitedAllocator*> limited{nullptr};

#if defined(__aarch64__)
// libtorch's allocator on Linux is mimalloc there, whose memory glibc cannot measure. So the size stands before the data.
static constexpr size_t ahead = 64;  // keeps the alignment of libtorch's allocator
static void* startOf(void* data) { return static_cast<char*>(data) - ahead; }
static int64_t bytesAt(void* data) { return *static_cast<int64_t*>(startOf(data)); }
static void* obtain(c10::Allocator* base, size_t size) {
  if (size == 0) return nullptr;
  void* start = base->raw_allocate(size + ahead);
  *static_cast<int64_t*>(start) = static_cast<int64_t>(size);
  return static_cast<char*>(start) + ahead;
}
#else
static void* startOf(void* data) { return data; }
static int64_t bytesAt(void* data) { return static_cast<int64_t>(malloc_usable_size(data)); }
static void* obtain(c10::Allocator* base, size_t size) { return base->raw_allocate(size); }
#endif

static void releaseCounted(void* data) {
  if (data == nullptr) return;  // as free() does: on 64-bit Arm, linear layers of libtorch release memory that they never took
  LimitedAllocator& allocator = *limited;
  allocator.used -= bytesAt(data);
  allocator.base->raw_deleter()(startOf(data));
}

c10::DeleterFnPtr LimitedAllocator::raw_deleter() const { return releaseCounted; }

at::DataPtr LimitedAllocator::allocate(size_t size) {
  require(static_cast<int64_t>(std::min(size, static_cast<size_t>(std::numeric_limits<int64_t>::max()))));
  void* data = obtain(base, size);
  if (data != nullptr) used += bytesAt(data);
  return {data, data, releaseCounted, c10::Device(c10::kCPU)};
}

// limitMemory(bytes): limits the memory of all tensors of the process on the CPU.
napi_value limitMemory(Call& call) {
  if (limited == nullptr) {
    c10::Allocator* base = c10::GetCPUAllocator();
    if (base->raw_deleter() == nullptr) return call.nothing();  // an allocator that cannot free by address
    auto* made = new LimitedAllocator;
    made->base = base;
    LimitedAllocator* none = nullptr;
    if (limited.compare_exchange_strong(none, made)) {
      c10::SetCPUAllocator(made, /*priority=*/100);
    } else {
      delete made;  // another thread was first
    }
  }
  (*limited).limit = call.integer(0);
  return call.nothing();
}

// requireMemory(bytes): throws if the tensors and this many more bytes would exceed the limit.
napi_value requireMemory(Call& call) {
  if (limited != nullptr) (*limited).require(call.integer(0));
  return call.nothing();
}

}  // namespace rin
