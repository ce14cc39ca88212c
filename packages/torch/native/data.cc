// Copies bytes in and out, and describes tensors to JavaScript.
#include "context.h"
#include "upload.h"

namespace rin {

struct Bytes {
  void* data;
  size_t length;
};

static Bytes bytesOf(Call& call, size_t index) {
  bool typed = false;
  TORCH_CHECK(index < call.count, "expected a typed array");
  check(napi_is_typedarray(call.env, call.values[index], &typed), "expected a typed array");
  TORCH_CHECK(typed, "expected a typed array");
  napi_typedarray_type type;
  size_t length = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer;
  check(napi_get_typedarray_info(call.env, call.values[index], &type, &length, &data, &buffer, &offset),
        "expected a typed array");
  static constexpr size_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  TORCH_CHECK(static_cast<size_t>(type) < std::size(width), "expected a typed array of a known kind");
  return {data, length * width[type]};
}

// In C++ a bool whose byte is neither 0 nor 1 is undefined behaviour.
static void copyElements(const at::Tensor& tensor, size_t offset, const Bytes& bytes) {
  if (bytes.length == 0) return;
  auto* target = static_cast<uint8_t*>(tensor.mutable_data_ptr()) + offset;
  std::memcpy(target, bytes.data, bytes.length);
  if (tensor.scalar_type() == at::kBool) std::transform(target, target + bytes.length, target, [](uint8_t b) { return b != 0; });
}

// fromBytes(typed array, dtype, device, sizes) → tensor. It copies, because JavaScript may detach its buffer at any time.
napi_value fromBytes(Call& call) {
  const Bytes bytes = bytesOf(call, 0);
  const auto dtype = static_cast<at::ScalarType>(static_cast<int8_t>(call.number(1)));
  const c10::Device device(call.text(2));
  const std::vector<int64_t> shape = call.integers(3);
  const at::Tensor tensor = staging(shape, dtype, device);
  TORCH_CHECK(tensor.nbytes() == bytes.length, "the array holds ", bytes.length, " bytes, but the shape needs ", tensor.nbytes());
  copyElements(tensor, 0, bytes);
  return call.hold(upload(tensor, device));
}

// toBytes(tensor, typed array) fills the array with the elements in row-major order
napi_value toBytes(Call& call) {
  const Bytes bytes = bytesOf(call, 1);
  const at::Tensor tensor = call.tensor(0).detach();
  TORCH_CHECK(tensor.nbytes() == bytes.length, "the array holds ", bytes.length, " bytes, but the tensor ", tensor.nbytes());
  if (bytes.length > 0) at::from_blob(bytes.data, tensor.sizes(), tensor.scalar_type()).copy_(tensor);
  return call.nothing();
}

napi_value byteLength(Call& call) { return call.make(static_cast<double>(call.tensor(0).nbytes())); }

static void checkPlain(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.is_cpu() && tensor.layout() == at::kStrided && tensor.is_contiguous() && !tensor.is_neg() && !tensor.is_conj(),
              "expected a contiguous tensor on the CPU, whose memory holds its values");
}

// Checks that a typed array fits into a tensor's bytes from `offset` on.
static size_t checkedOffset(const at::Tensor& tensor, int64_t offset, const Bytes& bytes) {
  checkPlain(tensor);
  TORCH_CHECK(offset >= 0 && static_cast<size_t>(offset) + bytes.length <= tensor.nbytes(), "the range is beyond the tensor's bytes");
  return static_cast<size_t>(offset);
}

// copyIn(tensor, offset, typed array)
napi_value copyIn(Call& call) {
  const at::Tensor& tensor = call.tensor(0);
  const Bytes bytes = bytesOf(call, 2);
  copyElements(tensor, checkedOffset(tensor, call.integer(1), bytes), bytes);
  return call.nothing();
}

// copyOut(tensor, offset, typed array)
napi_value copyOut(Call& call) {
  const at::Tensor& tensor = call.tensor(0);
  const Bytes bytes = bytesOf(call, 2);
  const size_t offset = checkedOffset(tensor, call.integer(1), bytes);
  if (bytes.length > 0) std::memcpy(bytes.data, static_cast<const uint8_t*>(tensor.const_data_ptr()) + offset, bytes.length);
  return call.nothing();
}

// share(tensor) → ArrayBuffer on its own memory. The buffer keeps the storage alive, and the storage can no longer be resized.
napi_value share(Call& call) {
  const at::Tensor& tensor = call.tensor(0);
  checkPlain(tensor);
  auto storage = std::make_unique<c10::Storage>(tensor.storage());
  storage->unsafeGetStorageImpl()->set_resizable(false);
  napi_value buffer;
  check(napi_create_external_arraybuffer(
            call.env, tensor.mutable_data_ptr(), tensor.nbytes(),
            [](napi_env, void*, void* held) { delete static_cast<c10::Storage*>(held); }, storage.get(), &buffer),
        "the memory could not be shared");
  storage.release();
  return buffer;
}

napi_value describe(Call& call) {
  const at::Tensor& tensor = call.tensor(0);
  double* out = call.context.description;
  TORCH_CHECK(tensor.dim() <= Context::descriptionLength - 5, "the tensor has more than 64 dimensions");
  out[0] = static_cast<double>(tensor.scalar_type());
  out[1] = static_cast<double>(tensor.device().type());
  out[2] = tensor.device().index();
  out[3] = tensor.requires_grad();
  out[4] = static_cast<double>(tensor.dim());
  for (int64_t i = 0; i < tensor.dim(); i++) out[5 + i] = static_cast<double>(tensor.size(i));
  return call.nothing();
}

napi_value release(Call& call) {
  call.context.release(static_cast<uint32_t>(call.number(0)));
  return call.nothing();
}

napi_value item(Call& call) {
  const at::Scalar value = call.tensor(0).item();
  TORCH_CHECK(!value.isComplex(), "a number cannot hold a complex value");
  return call.make(value.isFloatingPoint() ? value.toDouble() : exactly(value.toLong()));
}

}  // namespace rin
