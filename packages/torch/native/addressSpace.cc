// Under a limit on address space (ulimit -v), tensors cannot take the last of it. Kernels that libtorch makes at run time, the
// JavaScript heap and threads need that part. If oneDNN cannot allocate a kernel, every later kernel of that thread fails,
// because Xbyak keeps the first error of a thread. A failed tensor has no such effect. macOS has no such limit.
#include "context.h"

#if defined(__linux__)

#include <c10/core/CPUAllocator.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

namespace rin {

static constexpr size_t keptForOthers = 64 << 20;
static constexpr size_t heapStep = 64 << 20;  // M_TOP_PAD: the heap grows by this much more than requested
static constexpr size_t smallest = 1 << 20;   // smaller tensors are not limited

static size_t addressSpaceTaken() {
  size_t pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%zu", &pages) != 1) pages = 0;
  std::fclose(file);
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// While a Fence exists, the process cannot take the last of its address space. It can still use free memory of the heap.
class Fence {
 public:
  explicit Fence(size_t size) : lock_(mutex_) {
    if (getrlimit(RLIMIT_AS, &limit_) != 0 || limit_.rlim_cur == RLIM_INFINITY || limit_.rlim_cur < keptForOthers) return;
    if (limit_.rlim_cur >= addressSpaceTaken() + size + heapStep + keptForOthers) return;
    rlimit lower = limit_;
    lower.rlim_cur -= keptForOthers;
    up_ = setrlimit(RLIMIT_AS, &lower) == 0;
  }
  ~Fence() {
    if (up_) setrlimit(RLIMIT_AS, &limit_);
  }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

 private:
  static std::mutex mutex_;
  std::lock_guard<std::mutex> lock_;
  rlimit limit_{};
  bool up_ = false;
};

std::mutex Fence::mutex_;

// libtorch's own allocator, with a fence around each large tensor.
struct FencedAllocator final : c10::Allocator {
  c10::Allocator* base = nullptr;

  at::DataPtr allocate(size_t size) override {
    if (size < smallest) return base->allocate(size);
    const Fence fence(size);
    return base->allocate(size);
  }
  c10::DeleterFnPtr raw_deleter() const override { return base->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t count) const override { base->copy_data(to, from, count); }
};

// Runs once for the process. The allocator is never freed, because tensors may outlive every environment.
void fenceAddressSpace() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto* made = new FencedAllocator;
    made->base = c10::GetCPUAllocator();
    c10::SetCPUAllocator(made, /*priority=*/50);
  });
}

}  // namespace rin
#else
namespace rin {
void fenceAddressSpace() {}
}  // namespace rin
#endif
