// Groups of processes: a store of keys that all can reach, and the collective calls of libtorch's c10d. Everything that waits
// for another process runs in a thread of its own and resolves a promise, so JavaScript goes on and handles signals.
#include "context.h"

#if __has_include(<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>)
#define RIN_C10D
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
// The headers of three packages: NCCL, the runtime of CUDA, and nvidia-cuda-crt, which is often missing.
#if defined(RIN_CUDA) && __has_include(<nccl.h>) && __has_include(<cuda_runtime_api.h>) && __has_include(<crt/host_config.h>)
#define RIN_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#endif

#include <c10/util/Logging.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <thread>

namespace rin {

#ifdef RIN_C10D

using Milliseconds = std::chrono::milliseconds;
using Store = c10::intrusive_ptr<c10d::Store>;
using Backend = c10::intrusive_ptr<c10d::Backend>;

// A process of a group. Threads that wait share it, so that it outlives the JavaScript that opened it.
struct Group {
  int rank;
  int size;
  Milliseconds timeout;
  bool hostsStore;
  Store store;
  Store pulse;  // another connection to the same store: a call that waits holds the first one
  std::mutex mutex;  // of the backends
  Backend cpu;
  Backend cuda;  // null without a CUDA device
  std::atomic<bool> ended{false};

  std::string key(const char* name, int of) const { return std::string(name) + "/" + std::to_string(of); }

  Backend backendFor(const at::Tensor& tensor) {
    const std::lock_guard<std::mutex> lock(mutex);
    const Backend& found = tensor.is_cpu() ? cpu : cuda;
    TORCH_CHECK(found, "the group is closed, or was opened without a CUDA device");
    return found;
  }

  // Closes the connections of the backends, so that the other ranks stop waiting for this one.
  void leave() {
    Backend one, other;
    const std::lock_guard<std::mutex> lock(mutex);
    std::swap(one, cpu);
    std::swap(other, cuda);
  }
};

static std::vector<uint8_t> bytesOf(const std::string& text) { return {text.begin(), text.end()}; }

static std::string textOf(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

// How often a rank says that it lives, and how long a rank without this sign counts as alive.
constexpr Milliseconds beatEvery{500};
constexpr Milliseconds silence{5000};
// The same while another rank works for a long time: a machine may be so busy that a thread does not run for a while.
constexpr Milliseconds longSilence{60'000};

// Says in a thread of its own that this process lives, also while a long call of libtorch holds the thread of JavaScript.
static void startPulse(const std::shared_ptr<Group>& group) {
  std::thread([group] {
    try {
      for (int64_t beat = 0; !group->ended; beat++) {
        group->pulse->set(group->key("beat", group->rank), bytesOf(std::to_string(beat)));
        std::this_thread::sleep_for(beatEvery);
      }
    } catch (...) {
      // The store is gone. Whoever needs it next says so.
    }
  }).detach();
}

// The last sign of life of a rank; empty before the first one.
static std::string beatOf(Group& group, int rank) {
  const std::string key = group.key("beat", rank);
  return group.pulse->check({key}) ? textOf(group.pulse->get(key)) : std::string();
}

struct Pending {
  napi_deferred deferred;
  std::function<std::string()> work;
  std::string result;
  std::string error;
  bool failed = false;
};

static void settle(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(data));
  if (env == nullptr) return;  // the environment ends
  napi_value text, error;
  const std::string& content = pending->failed ? pending->error : pending->result;
  napi_create_string_utf8(env, content.data(), content.size(), &text);
  if (!pending->failed) {
    napi_resolve_deferred(env, pending->deferred, text);
    return;
  }
  napi_create_error(env, nullptr, text, &error);
  napi_reject_deferred(env, pending->deferred, error);
}

// Runs work in a new thread → a promise of its text. libuv's threads are joined when a process exits, and work that waits for
// a dead process would then keep it from exiting.
static napi_value later(const Call& call, std::function<std::string()> work) {
  auto pending = std::make_unique<Pending>();
  pending->work = std::move(work);
  napi_value promise, name;
  check(napi_create_promise(call.env, &pending->deferred, &promise), "promise");
  check(napi_create_string_utf8(call.env, "rin group", NAPI_AUTO_LENGTH, &name), "name");
  napi_threadsafe_function done;
  check(napi_create_threadsafe_function(call.env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, settle, &done),
        "thread");
  std::thread([done, pending = pending.release()] {
    const at::NoGradGuard noGrad;
    try {
      pending->result = pending->work();
    } catch (const c10::Error& error) {
      pending->failed = true;
      pending->error = error.what_without_backtrace();
    } catch (const std::exception& error) {
      pending->failed = true;
      pending->error = error.what();
    } catch (...) {
      pending->failed = true;
      pending->error = "an unknown native error";
    }
    pending->work = nullptr;  // frees its tensors and its share of the group
    if (napi_call_threadsafe_function(done, pending, napi_tsfn_blocking) != napi_ok) {
      delete pending;  // the environment ends, and has taken the function back
      return;
    }
    napi_release_threadsafe_function(done, napi_tsfn_release);
  }).detach();
  return promise;
}

static std::shared_ptr<Group> groupOf(const Call& call) {
  const auto& group = call.context.groups.at(static_cast<size_t>(call.integer(0)));
  TORCH_CHECK(group, "the group is closed");
  return group;
}

static std::string joined(const std::vector<int>& ranks) {
  std::string out;
  for (const int rank : ranks) out += " " + std::to_string(rank);
  return out;
}

// Waits until every rank has connected to the store. Throws "absent r r …" after the time-out.
static void gather(Group& group) {
  group.store->set(group.key("here", group.rank), bytesOf("1"));
  std::vector<std::string> keys;
  for (int rank = 0; rank < group.size; rank++) keys.push_back(group.key("here", rank));
  try {
    group.store->wait(keys, group.timeout);
  } catch (const std::exception&) {
    std::vector<int> absent;
    for (int rank = 0; rank < group.size; rank++)
      if (!group.store->check({keys[rank]})) absent.push_back(rank);
    if (absent.empty()) return;  // the last one came just now
    TORCH_CHECK(false, "absent", joined(absent));
  }
}

static Backend openGloo(Group& group, const std::string& host) {
  using c10d::ProcessGroupGloo;
  const auto options = ProcessGroupGloo::Options::create(group.timeout);
  const char* interfaces = std::getenv("GLOO_SOCKET_IFNAME");  // as in PyTorch
  if (interfaces != nullptr && *interfaces != 0) {
    std::istringstream names(interfaces);
    for (std::string name; std::getline(names, name, ',');)
      options->devices.push_back(ProcessGroupGloo::createDeviceForInterface(name));
  } else if (host == "127.0.0.1" || host == "localhost") {
    options->devices.push_back(ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
  } else {
    options->devices.push_back(ProcessGroupGloo::createDefaultDevice());
  }
  options->threads = 2 * static_cast<int>(options->devices.size());
  return c10::make_intrusive<ProcessGroupGloo>(
      c10::make_intrusive<c10d::PrefixStore>("gloo", group.store), group.rank, group.size, options);
}

#ifdef RIN_NCCL
static Backend openNccl(Group& group) {
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);  // a time-out is an error here, and does not end the process
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = group.timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(
      c10::make_intrusive<c10d::PrefixStore>("nccl", group.store), group.rank, group.size, options);
}
#else
static Backend openNccl(Group&) {
  TORCH_CHECK(false, "this addon was built without NCCL, so each process must compute on the CPU: headers of nvidia-nccl, "
                     "nvidia-cuda-runtime or nvidia-cuda-crt were not found beside libtorch");
}
#endif

// c10d logs a lost connection with pages of addresses. An error says it here, so nothing is logged unless the user asks for it.
static void quiet() {
  constexpr auto name = "TORCH_CPP_LOG_LEVEL";
  const bool isSet = std::getenv(name) != nullptr;
  if (!isSet) setenv(name, "FATAL", 0);
  c10::initLogging();
  if (!isSet) unsetenv(name);
}

// Waits for all ranks, and connects to them.
static void connect(const std::shared_ptr<Group>& group, const std::string& host, uint16_t port, const std::string& prefix,
                    bool usesCuda) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = group->hostsStore;
  options.waitWorkers = false;
  options.timeout = group->timeout;
  const auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
  options.isServer = false;
  const auto pulse = c10::make_intrusive<c10d::TCPStore>(host, options);
  group->store = c10::make_intrusive<c10d::PrefixStore>(prefix, store);
  group->pulse = c10::make_intrusive<c10d::PrefixStore>(prefix, pulse);
  gather(*group);
  startPulse(group);
  group->cpu = openGloo(*group, host);
  if (usesCuda) group->cuda = openNccl(*group);
}

// openGroup(host, port, hosts the store, rank, size, prefix, time-out in ms, uses CUDA) → a promise of nothing; and its number
napi_value openGroup(Call& call) {
  quiet();
  const auto group = std::make_shared<Group>();
  const std::string host = call.text(0), prefix = call.text(5);
  const auto port = static_cast<uint16_t>(call.integer(1));
  const bool usesCuda = call.boolean(7);
  group->hostsStore = call.boolean(2);
  group->rank = static_cast<int>(call.integer(3));
  group->size = static_cast<int>(call.integer(4));
  group->timeout = Milliseconds(call.integer(6));
  call.context.groups.push_back(group);
  return later(call, [group, host, port, prefix, usesCuda, number = call.context.groups.size() - 1] {
    try {
      connect(group, host, port, prefix, usesCuda);
    } catch (...) {
      group->ended = true;  // it must not look alive to the others, nor keep the port
      group->leave();
      group->store = nullptr;
      throw;
    }
    return std::to_string(number);
  });
}

// collective(group, "sum" or "broadcast", tensors, root) → a promise. The tensors get the result.
napi_value collective(Call& call) {
  const auto group = groupOf(call);
  const bool sums = call.text(1) == "sum";
  const auto root = call.integer(3);
  return later(call, [group, sums, root, tensors = call.tensors(2)]() mutable {
    if (tensors.empty()) return std::string();
    if (sums) {
      group->backendFor(tensors[0])->allreduce_coalesced(tensors)->wait();
    } else {
      c10d::BroadcastOptions options;
      options.rootRank = root;
      for (at::Tensor& tensor : tensors) {
        std::vector<at::Tensor> dense{tensor.contiguous()};  // NCCL takes no others; Muon keeps transposed views
        group->backendFor(tensor)->broadcast(dense, options)->wait();
        if (!dense[0].is_same(tensor)) tensor.copy_(dense[0]);
      }
    }
    return std::string();
  });
}

// publish(group, key, text) → a promise
napi_value publish(Call& call) {
  return later(call, [group = groupOf(call), key = call.text(1), text = call.text(2)] {
    group->store->set(key, bytesOf(text));
    return std::string();
  });
}

// await(group, key, rank that publishes it) → a promise of its text. It waits as long as the rank lives. Throws "dead r" if
// there is no sign of life any more, and "ended r reason" if the rank has said why it ended.
napi_value awaitKey(Call& call) {
  return later(call, [group = groupOf(call), key = call.text(1), rank = static_cast<int>(call.integer(2))] {
    const std::string end = group->key("ended", rank);
    std::string beat;
    Milliseconds silent{0}, pause{1};
    while (!group->store->check({key})) {
      std::this_thread::sleep_for(pause);
      // Sleeps are counted, not the clock, because this process may have been stopped meanwhile.
      silent += pause;
      if (pause < Milliseconds(100)) {
        pause = pause * 3 / 2 + Milliseconds(1);
        continue;
      }
      if (group->store->check({end})) TORCH_CHECK(false, "ended ", rank, " ", textOf(group->store->get(end)));
      const std::string now = beatOf(*group, rank);
      if (now != beat) silent = Milliseconds(0);
      beat = now;
      TORCH_CHECK(silent < std::min(group->timeout, longSilence), "dead ", rank);
    }
    return textOf(group->store->get(key));
  });
}

// rollCall(group) → a promise. After a failed call it finds out which ranks are not there: "ended r reason" if a rank has said
// why it ended, "dead r r …" without signs of life, or "absent r r …" for ranks that live, but do not notice the failure.
// Every rank that notices the failure takes part.
napi_value rollCall(Call& call) {
  return later(call, [group = groupOf(call)]() -> std::string {
    group->leave();
    group->store->set(group->key("failed", group->rank), bytesOf("1"));
    std::vector<int> left;
    std::vector<std::string> before(group->size);
    for (int rank = 0; rank < group->size; rank++) {
      if (rank == group->rank) continue;
      left.push_back(rank);
      before[rank] = beatOf(*group, rank);
    }
    std::string found;
    for (Milliseconds waited{0}; waited < silence && !left.empty() && found.empty(); waited += Milliseconds(100)) {
      std::vector<int> still;
      for (const int rank : left) {
        const std::string end = group->key("ended", rank);
        if (group->store->check({end})) found = "ended " + std::to_string(rank) + " " + textOf(group->store->get(end));
        else if (!group->store->check({group->key("failed", rank)})) still.push_back(rank);
      }
      left = still;
      if (!left.empty()) std::this_thread::sleep_for(Milliseconds(100));
    }
    if (found.empty() && !left.empty()) {
      std::vector<int> dead;
      for (const int rank : left)
        if (beatOf(*group, rank) == before[rank]) dead.push_back(rank);
      found = dead.empty() ? "absent" + joined(left) : "dead" + joined(dead);
    }
    // The store ends with the rank that hosts it, so that one goes last.
    group->store->set(group->key("told", group->rank), bytesOf("1"));
    if (!group->hostsStore) return found;
    for (Milliseconds waited{0}; waited < silence / 2; waited += Milliseconds(100)) {
      bool all = true;
      for (int rank = 0; rank < group->size; rank++)
        all = all && (group->store->check({group->key("told", rank)}) || !group->store->check({group->key("failed", rank)}));
      if (all) break;
      std::this_thread::sleep_for(Milliseconds(100));
    }
    return found;
  });
}

// closeGroup(group) → a promise
napi_value closeGroup(Call& call) {
  const auto group = groupOf(call);
  call.context.groups.at(static_cast<size_t>(call.integer(0))) = nullptr;
  return later(call, [group] {
    group->ended = true;
    group->leave();
    return std::string();
  });
}

void endGroups(const Context& context) {
  for (const auto& group : context.groups)
    if (group) group->ended = true;
}

// backends() → what a group can be opened with
napi_value backends(Call& call) {
#ifdef RIN_NCCL
  return call.make(std::string("gloo nccl"));
#else
  return call.make(std::string("gloo"));
#endif
}

#else

struct Group {};

static napi_value missing() {
  TORCH_CHECK(false, "this libtorch has no headers of c10d, so the addon was built without groups of processes");
}

napi_value openGroup(Call&) { return missing(); }
napi_value collective(Call&) { return missing(); }
napi_value publish(Call&) { return missing(); }
napi_value awaitKey(Call&) { return missing(); }
napi_value rollCall(Call&) { return missing(); }
napi_value closeGroup(Call&) { return missing(); }
void endGroups(const Context&) {}
napi_value backends(Call& call) { return call.make(std::string()); }

#endif

}  // namespace rin
