// The time of each operator. at::RecordFunction also sees the operators of a backward pass, which JavaScript does not see.
#include "context.h"

#include <ATen/record_function.h>

#include <chrono>
#include <map>
#include <mutex>
#include <sstream>
#include <utility>

namespace rin {

using Clock = std::chrono::steady_clock;

struct Spent {
  int64_t calls = 0;
  Clock::duration time{};
};

struct Profile {
  const Context* owner;
  std::map<std::string, Spent> byCall;
  at::CallbackHandle handle{};
};

// One profile at a time in a process, because the callbacks see the operators of every thread.
static std::mutex mutex;
static Profile* current = nullptr;

// Ends the current profile. The caller holds the mutex.
static std::unique_ptr<Profile> take() {
  std::unique_ptr<Profile> profile(std::exchange(current, nullptr));
  at::removeCallback(profile->handle);
  return profile;
}

// A running call. Its own time is its whole time without the calls inside it.
struct Begun : at::ObserverContext {
  std::string name;
  Begun* outer;
  Clock::duration inside{};
  Clock::time_point start;
};

static thread_local Begun* innermost = nullptr;

// "name [2, 3] [3]": the operator, and the sizes of its tensors, each after a tab. Nested tensors have no sizes.
static std::string describeCall(const at::RecordFunction& function) {
  std::ostringstream out;
  out << function.name();
  for (const auto& input : function.inputs()) {
    if (!input.isTensor()) continue;
    const at::Tensor& tensor = input.toTensor();
    if (tensor.defined() && !tensor.is_nested()) out << '\t' << tensor.sizes();
  }
  return out.str();
}

static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  auto begun = std::make_unique<Begun>();
  begun->name = describeCall(function);
  begun->outer = innermost;
  innermost = begun.get();
  begun->start = Clock::now();
  return begun;
}

static void end(const at::RecordFunction&, at::ObserverContext* context) {
  auto* begun = static_cast<Begun*>(context);
  if (begun == nullptr) return;  // libtorch ignores exceptions of `begin`
  const auto whole = Clock::now() - begun->start;
  innermost = begun->outer;
  if (innermost != nullptr) innermost->inside += whole;
  const std::lock_guard lock(mutex);
  if (current == nullptr) return;
  Spent& spent = current->byCall[begun->name];
  spent.calls++;
  spent.time += whole - begun->inside;
}

napi_value startProfile(Call& call) {
  const std::lock_guard lock(mutex);
  TORCH_CHECK(current == nullptr, "another profile is running");
  current = new Profile{&call.context};
  current->handle = at::addGlobalCallback(
      at::RecordFunctionCallback(begin, end)
          .needsInputs(true)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  return call.nothing();
}

// stopProfile() → one line for each kind of call: "calls nanoseconds name", then the sizes of its tensors, each after a tab
napi_value stopProfile(Call& call) {
  const std::lock_guard lock(mutex);
  TORCH_CHECK(current != nullptr, "no profile is running");
  const std::unique_ptr<Profile> profile = take();
  std::ostringstream out;
  for (const auto& [name, spent] : profile->byCall) {
    out << spent.calls << ' ' << std::chrono::nanoseconds(spent.time).count() << ' ' << name << '\n';
  }
  return call.make(out.str());
}

void dropProfile(const Context& context) {
  const std::lock_guard lock(mutex);
  if (current != nullptr && current->owner == &context) take();
}

}  // namespace rin
