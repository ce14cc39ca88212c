// Under a limit on address space (ulimit -v), the last of it is kept from tensors. Kernels that libtorch makes at run time, the
// JavaScript heap and threads need it. oneDNN does not recover if a kernel finds none: every later kernel of that thread fails,
// since Xbyak keeps a thread's first error. A tensor that finds none leaves nothing behind.
#include "context.h"

#include <c10/core/CPUAllocator.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>

namespace rin {

static constexpr size_t keptForOthers = 64 << 20;
static constexpr size_t heapStep = 64 << 20;  // M_TOP_PAD: the heap grows by so much more than is asked for
static constexpr size_t smallest = 1 << 20;   // smaller tensors are let through

static size_t addressSpaceTaken() {
  size_t pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%zu", &pages) != 1) pages = 0;
  std::fclose(file);
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// While it lives, the process cannot take the last of its address space. What was freed in the heap can be taken as ever.
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

// libtorch's own allocator behind the fence.
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

// Once for the process. The allocator is never freed: tensors may outlive every environment.
void fenceAddressSpace() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto* made = new FencedAllocator;
    made->base = c10::GetCPUAllocator();
    c10::SetCPUAllocator(made, /*priority=*/50);
  });
}

}  // namespace rin
