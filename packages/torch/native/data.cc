// Bytes in and out, and what JavaScript asks about a tensor.
#include "context.h"

namespace rin {

struct Bytes {
  void* data;
  size_t length;
};

static Bytes bytesOf(Call& call, size_t index) {
  bool typed = false;
  TORCH_CHECK(index < call.count, "a typed array was expected");
  check(napi_is_typedarray(call.env, call.values[index], &typed), "a typed array was expected");
  TORCH_CHECK(typed, "a typed array was expected");
  napi_typedarray_type type;
  size_t length = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer;
  check(napi_get_typedarray_info(call.env, call.values[index], &type, &length, &data, &buffer, &offset),
        "a typed array was expected");
  static constexpr size_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  TORCH_CHECK(static_cast<size_t>(type) < std::size(width), "a typed array of a known kind was expected");
  return {data, length * width[type]};
}

// fromBytes(typed array, dtype, device, sizes…) → tensor; a copy, since JavaScript may detach its buffer at any time
napi_value fromBytes(Call& call) {
  const Bytes bytes = bytesOf(call, 0);
  const auto dtype = static_cast<at::ScalarType>(static_cast<int8_t>(call.number(1)));
  const c10::Device device(call.text(2));
  const std::vector<int64_t> shape = call.integers(3);
  at::Tensor tensor = at::empty(shape, at::TensorOptions(dtype));
  TORCH_CHECK(tensor.nbytes() == bytes.length, "the array holds ", bytes.length, " bytes, the shape needs ", tensor.nbytes());
  if (bytes.length > 0) std::memcpy(tensor.mutable_data_ptr(), bytes.data, bytes.length);
  return call.hold(device.is_cpu() ? tensor : tensor.to(device));
}

// toBytes(tensor, typed array) fills the array with the elements in row-major order
napi_value toBytes(Call& call) {
  const Bytes bytes = bytesOf(call, 1);
  const at::Tensor tensor = call.tensor(0).detach().cpu().contiguous();
  TORCH_CHECK(tensor.nbytes() == bytes.length, "the array holds ", bytes.length, " bytes, the tensor ", tensor.nbytes());
  if (bytes.length > 0) std::memcpy(bytes.data, tensor.const_data_ptr(), bytes.length);
  return call.nothing();
}

napi_value describe(Call& call) {
  const at::Tensor& tensor = call.tensor(0);
  double* out = call.context.description;
  TORCH_CHECK(tensor.dim() <= Context::descriptionLength - 5, "a tensor of more than 64 dimensions");
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
  return call.make(value.isFloatingPoint() ? value.toDouble() : static_cast<double>(value.toLong()));
}

}  // namespace rin
