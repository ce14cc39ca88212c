#include "context.h"

namespace rin {

// Reports memory to V8 in steps, because each report may start a garbage collection.
static void report(Context& context) {
  constexpr int64_t step = 16 << 20;
  const int64_t change = context.bytes - context.reported;
  if (!context.reporting || (change < step && change > -step)) return;
  int64_t total = 0;
  napi_adjust_external_memory(context.env, change, &total);
  context.reported = context.bytes;
}

static c10::StorageImpl* storageOf(const at::Tensor& tensor) {
  return tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

static void measure(Context& context, StorageUse& use, const c10::StorageImpl& storage) {
  const auto now = static_cast<int64_t>(storage.nbytes());
  context.bytes += now - use.bytes;
  use.bytes = now;
  report(context);
}

// reportMemory(whether). Inside a scope the garbage collector cannot free anything. Reports of a training step's activations
// would start it eleven times, on the cores that the step needs.
napi_value reportMemory(Call& call) {
  call.context.reporting = call.boolean(0);
  report(call.context);
  return call.nothing();
}

void Context::enter(c10::StorageImpl* storage) {
  if (storage == nullptr) return;
  StorageUse& use = storages[storage];
  use.slots++;
  measure(*this, use, *storage);
}

void Context::leave(c10::StorageImpl* storage) {
  if (storage == nullptr) return;
  const auto use = storages.find(storage);
  if (use == storages.end() || --use->second.slots > 0) return;
  bytes -= use->second.bytes;
  storages.erase(use);
  report(*this);
}

uint32_t Context::hold(at::Tensor tensor) {
  if (!tensor.defined()) return 0;
  c10::StorageImpl* storage = storageOf(tensor);
  enter(storage);
  if (free.empty()) {
    slots.push_back({std::move(tensor), storage});
    return static_cast<uint32_t>(slots.size() - 1);
  }
  const uint32_t slot = free.back();
  free.pop_back();
  slots[slot] = {std::move(tensor), storage};
  return slot;
}

void Context::release(uint32_t slot) {
  if (slot == 0 || slot >= slots.size() || !slots[slot].tensor.defined()) return;
  leave(slots[slot].storage);
  slots[slot] = {};
  free.push_back(slot);
}

void Context::recount(uint32_t slot) {
  if (slot == 0) return;
  const at::Tensor tensor = at(slot);
  c10::StorageImpl* storage = storageOf(tensor);
  if (storage == slots[slot].storage) {
    if (storage != nullptr) measure(*this, storages[storage], *storage);
    return;
  }
  // Other slots may hold the same tensor. The pointer to its old storage is invalid, so it must be replaced in all of them.
  for (Slot& other : slots) {
    if (!other.tensor.is_same(tensor)) continue;
    leave(other.storage);
    other.storage = storage;
    enter(storage);
  }
}

const at::Tensor& Context::at(uint32_t slot) const {
  TORCH_CHECK(slot < slots.size() && slots[slot].tensor.defined(), "the tensor was disposed");
  return slots[slot].tensor;
}

double Call::number(size_t index) const {
  double value = 0;
  TORCH_CHECK(index < count, "argument ", index, " is missing");
  check(napi_get_value_double(env, values[index], &value), "expected a number");
  return value;
}

bool Call::boolean(size_t index) const {
  bool value = false;
  TORCH_CHECK(index < count, "argument ", index, " is missing");
  check(napi_get_value_bool(env, values[index], &value), "expected a boolean");
  return value;
}

static std::string readText(napi_env env, napi_value value) {
  size_t length = 0;
  check(napi_get_value_string_utf8(env, value, nullptr, 0, &length), "expected a string");
  std::string text(length, '\0');
  check(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length), "expected a string");
  return text;
}

std::string Call::text(size_t index) const {
  TORCH_CHECK(index < count, "argument ", index, " is missing");
  return readText(env, values[index]);
}

template <typename Take>
static void eachNumber(const Call& call, size_t index, const char* expected, Take take) {
  TORCH_CHECK(index < call.count, "argument ", index, " is missing");
  uint32_t length = 0;
  check(napi_get_array_length(call.env, call.values[index], &length), expected);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    double number = 0;
    check(napi_get_element(call.env, call.values[index], i, &element), expected);
    check(napi_get_value_double(call.env, element, &number), expected);
    take(number);
  }
}

std::vector<at::Tensor> Call::tensors(size_t index) const {
  std::vector<at::Tensor> result;
  eachNumber(*this, index, "expected a list of tensors", [&](double slot) {
    result.push_back(slot == 0 ? at::Tensor() : context.at(static_cast<uint32_t>(slot)));
  });
  return result;
}

std::vector<int64_t> Call::integers(size_t index) const {
  std::vector<int64_t> result;
  eachNumber(*this, index, "expected a list of whole numbers",
             [&](double number) { result.push_back(static_cast<int64_t>(number)); });
  return result;
}

std::vector<double> Call::numbers(size_t index) const {
  std::vector<double> result;
  eachNumber(*this, index, "expected a list of numbers", [&](double number) { result.push_back(number); });
  return result;
}

napi_value Call::make(double value) const {
  napi_value result;
  check(napi_create_double(env, value, &result), "a number could not be made");
  return result;
}

napi_value Call::make(const std::string& value) const {
  napi_value result;
  check(napi_create_string_utf8(env, value.data(), value.size(), &result), "a string could not be made");
  return result;
}

napi_value Call::make(const std::vector<at::Tensor>& tensors) const {
  napi_value result;
  check(napi_create_array_with_length(env, tensors.size(), &result), "a list could not be made");
  for (size_t i = 0; i < tensors.size(); i++) {
    check(napi_set_element(env, result, static_cast<uint32_t>(i), hold(tensors[i])), "a list could not be filled");
  }
  return result;
}

void throwToJavaScript(napi_env env, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, nullptr, message);
}

}  // namespace rin
