// libtorch has Gloo inside, but not its headers. These five files declare what the header of c10d::ProcessGroupGloo names.
#pragma once
#include <chrono>

namespace gloo {
class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};
}  // namespace gloo
