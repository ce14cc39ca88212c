// Binds the dispatcher: looks up any operator by its schema and calls it boxed.
#include "context.h"

namespace rin {

static Kind listKind(const c10::TypePtr& element) {
  switch (element->kind()) {
    case c10::TypeKind::TensorType: return Kind::TensorList;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return Kind::IntList;
    case c10::TypeKind::FloatType: return Kind::FloatList;
    case c10::TypeKind::BoolType: return Kind::BoolList;
    case c10::TypeKind::NumberType: return Kind::ScalarList;
    case c10::TypeKind::StringType: return Kind::StringList;
    case c10::TypeKind::OptionalType: {
      const auto inner = element->castRaw<c10::OptionalType>()->getElementType();
      return inner->kind() == c10::TypeKind::TensorType ? Kind::OptionalTensorList : Kind::Unsupported;
    }
    default: return Kind::Unsupported;
  }
}

// `real` distinguishes ScalarType, Layout and MemoryFormat, which are plain integers in the schema's ordinary types.
static Value valueOf(const c10::TypePtr& real) {
  switch (real->kind()) {
    case c10::TypeKind::OptionalType:
      return {valueOf(real->castRaw<c10::OptionalType>()->getElementType()).kind, true};
    case c10::TypeKind::ListType: return {listKind(real->castRaw<c10::ListType>()->getElementType()), false};
    case c10::TypeKind::TensorType: return {Kind::Tensor, false};
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return {Kind::Int, false};
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType: return {Kind::Float, false};
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType: return {Kind::Bool, false};
    case c10::TypeKind::NumberType: return {Kind::Scalar, false};
    case c10::TypeKind::StringType: return {Kind::String, false};
    case c10::TypeKind::ScalarTypeType: return {Kind::Dtype, false};
    case c10::TypeKind::LayoutType: return {Kind::Layout, false};
    case c10::TypeKind::MemoryFormatType: return {Kind::MemoryFormat, false};
    case c10::TypeKind::DeviceObjType: return {Kind::Device, false};
    case c10::TypeKind::GeneratorType: return {Kind::Generator, false};
    default: return {Kind::Unsupported, false};
  }
}

// Index of the argument that a result is, if the operator changes it in place; -1 for a new tensor.
static int writtenArgument(const c10::FunctionSchema& schema, const c10::Argument& result) {
  const auto* alias = result.alias_info();
  if (alias == nullptr || !alias->isWrite() || result.type()->kind() != c10::TypeKind::TensorType) return -1;
  for (size_t i = 0; i < schema.arguments().size(); i++) {
    const auto* other = schema.arguments()[i].alias_info();
    if (other != nullptr && other->isWrite() && other->beforeSets() == alias->beforeSets()) return static_cast<int>(i);
  }
  return -1;
}

// For the error about a wrong overload: "; expected one of aten::add.Tensor, …"
static std::string overloadsOf(const std::string& name) {
  std::string list;
  for (const auto& op : c10::Dispatcher::singleton().getAllOpNames()) {
    if (op.name == name) list += (list.empty() ? "; expected one of " : ", ") + c10::toString(op);
  }
  return list;
}

// lookUp(name, overload) → "id arguments results\nname kind optional hasDefault length written\n…\nkind written\n…", read by
// src/schema.ts
napi_value lookUp(Call& call) {
  const std::string name = call.text(0), overload = call.text(1);
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  TORCH_CHECK(found.has_value(), "unknown operator", overloadsOf(name));
  const auto& schema = found->schema();
  TORCH_CHECK(schema.arguments().size() < maxArguments, "it has more arguments than JavaScript can pass");
  Operator op{*found, guardOf(schema.operator_name()), replacementOf(schema.operator_name()), false, {}, {}, {}, {}};
  std::ostringstream out;
  out << call.context.operators.size() << ' ' << schema.arguments().size() << ' ' << schema.returns().size() << '\n';
  for (const auto& argument : schema.arguments()) {
    const Value value = valueOf(argument.real_type());
    const bool written = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
    if (written) op.written.push_back(op.arguments.size());
    op.arguments.push_back(value);
    op.hasScalar = op.hasScalar || value.kind == Kind::Scalar || value.kind == Kind::ScalarList;
    out << argument.name() << ' ' << static_cast<int>(value.kind) << ' ' << value.optional << ' '
        << argument.default_value().has_value() << ' ' << argument.N().value_or(0) << ' ' << written << '\n';
  }
  for (const auto& result : schema.returns()) {
    const Value value = valueOf(result.real_type());
    const int written = writtenArgument(schema, result);
    op.results.push_back(value);
    op.writesArgument.push_back(written >= 0);
    out << static_cast<int>(value.kind) << ' ' << written << '\n';
  }
  call.context.operators.push_back(std::move(op));
  return call.make(out.str());
}

template <typename T, typename Read>
static c10::List<T> readList(Call& call, napi_value value, Read read) {
  uint32_t length = 0;
  check(napi_get_array_length(call.env, value, &length), "expected a list");
  c10::List<T> list;
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    check(napi_get_element(call.env, value, i, &element), "expected a list");
    list.push_back(read(element));
  }
  return list;
}

static double readNumber(Call& call, napi_value value) {
  double number = 0;
  check(napi_get_value_double(call.env, value, &number), "expected a number");
  return number;
}

static bool readBool(Call& call, napi_value value) {
  bool boolean = false;
  check(napi_get_value_bool(call.env, value, &boolean), "expected a boolean");
  return boolean;
}

// A whole number stays an integer if the first tensor is integral: int64 + 1 is int64. float32 + 1 is float32 in both cases.
static c10::IValue readScalar(Call& call, napi_value value, bool integral) {
  napi_valuetype type = napi_undefined;
  check(napi_typeof(call.env, value, &type), "expected a number");
  if (type == napi_boolean) return readBool(call, value);
  if (type == napi_bigint) {
    int64_t integer = 0;
    bool lossless = false;
    check(napi_get_value_bigint_int64(call.env, value, &integer, &lossless), "expected a number");
    TORCH_CHECK(lossless, "expected an integer of 64 bits");
    return integer;
  }
  const double number = readNumber(call, value);
  const bool whole = integral && std::trunc(number) == number && std::abs(number) < 9223372036854775808.0;
  return whole ? c10::IValue(static_cast<int64_t>(number)) : c10::IValue(number);
}

static std::string readString(Call& call, napi_value value) {
  return Call{call.env, call.context, 1, &value}.text(0);
}

static at::Tensor readTensor(Call& call, napi_value value) {
  const double slot = readNumber(call, value);
  return slot == 0 ? at::Tensor() : call.context.at(static_cast<uint32_t>(slot));
}

static c10::IValue read(Call& call, Kind kind, napi_value value, bool integral) {
  switch (kind) {
    case Kind::Tensor: return readTensor(call, value);
    case Kind::Int: return static_cast<int64_t>(readNumber(call, value));
    case Kind::Float: return readNumber(call, value);
    case Kind::Bool: return readBool(call, value);
    case Kind::Scalar: return readScalar(call, value, integral);
    case Kind::String: return readString(call, value);
    case Kind::Dtype: return static_cast<at::ScalarType>(static_cast<int8_t>(readNumber(call, value)));
    case Kind::Layout: return static_cast<at::Layout>(static_cast<int8_t>(readNumber(call, value)));
    case Kind::MemoryFormat: return static_cast<at::MemoryFormat>(static_cast<int8_t>(readNumber(call, value)));
    case Kind::Device: return c10::Device(readString(call, value));
    case Kind::TensorList: return readList<at::Tensor>(call, value, [&](napi_value v) { return readTensor(call, v); });
    case Kind::OptionalTensorList:
      return readList<std::optional<at::Tensor>>(call, value, [&](napi_value v) -> std::optional<at::Tensor> {
        at::Tensor tensor = readTensor(call, v);
        return tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt;
      });
    case Kind::IntList:
      return readList<int64_t>(call, value, [&](napi_value v) { return static_cast<int64_t>(readNumber(call, v)); });
    case Kind::FloatList: return readList<double>(call, value, [&](napi_value v) { return readNumber(call, v); });
    case Kind::BoolList: return readList<bool>(call, value, [&](napi_value v) { return readBool(call, v); });
    case Kind::ScalarList: {
      std::vector<c10::IValue> values;
      readList<int64_t>(call, value, [&](napi_value v) { return values.push_back(readScalar(call, v, integral)), 0; });
      c10::List<at::Scalar> list;
      for (const auto& element : values) list.push_back(element.toScalar());
      return list;
    }
    case Kind::StringList: return readList<std::string>(call, value, [&](napi_value v) { return readString(call, v); });
    default: TORCH_CHECK(false, "JavaScript cannot pass an argument of this type");
  }
}

static napi_value write(Call& call, const Value& type, const c10::IValue& value) {
  if (value.isNone()) {
    napi_value null;
    check(napi_get_null(call.env, &null), "null could not be made");
    return null;
  }
  if (value.isTensor()) return call.hold(value.toTensor());
  if (value.isTensorList()) return call.make(value.toTensorVector());
  if (value.isBool()) {
    napi_value result;
    check(napi_get_boolean(call.env, value.toBool(), &result), "a boolean could not be made");
    return result;
  }
  if (value.isInt()) return call.make(exactly(value.toInt()));
  if (value.isDouble()) return call.make(value.toDouble());
  if (value.isString()) return call.make(value.toStringRef());
  if (value.isDevice()) return call.make(value.toDevice().str());
  if (value.isIntList() || value.isBoolList() || value.isDoubleList()) {
    napi_value result;
    const auto list = value.toListRef();
    check(napi_create_array_with_length(call.env, list.size(), &result), "a list could not be made");
    for (size_t i = 0; i < list.size(); i++) {
      check(napi_set_element(call.env, result, static_cast<uint32_t>(i), write(call, type, list[i])),
            "a list could not be filled");
    }
    return result;
  }
  TORCH_CHECK(false, "a result of type ", value.tagKind(), " cannot be passed to JavaScript");
}

// defaultsOf(id) → the default of each argument, or undefined; for `trace`
napi_value defaultsOf(Call& call) {
  const auto id = static_cast<size_t>(call.number(0));
  TORCH_CHECK(id < call.context.operators.size(), "unknown operator");
  const Operator& op = call.context.operators[id];
  const auto& arguments = op.handle.schema().arguments();
  napi_value defaults;
  check(napi_create_array_with_length(call.env, arguments.size(), &defaults), "a list could not be made");
  for (size_t i = 0; i < arguments.size(); i++) {
    const auto& value = arguments[i].default_value();
    if (!value.has_value()) continue;
    check(napi_set_element(call.env, defaults, static_cast<uint32_t>(i), write(call, op.arguments[i], *value)),
          "a list could not be filled");
  }
  return defaults;
}

static void recount(Call& call, Kind kind, napi_value value) {
  const auto one = [&](napi_value slot) { call.context.recount(static_cast<uint32_t>(readNumber(call, slot))); };
  if (kind == Kind::Tensor) one(value);
  if (kind == Kind::TensorList) readList<int64_t>(call, value, [&](napi_value slot) { return one(slot), 0; });
}

static bool isGiven(Call& call, size_t index) {
  napi_valuetype type = napi_undefined;
  if (index < call.count) check(napi_typeof(call.env, call.values[index], &type), "an argument could not be read");
  return type != napi_undefined && type != napi_null;
}

// Whether the first tensor among the arguments holds integers. Then whole numbers of JavaScript stay integers.
static bool hasIntegers(Call& call, const Operator& op) {
  for (size_t i = 0; i < op.arguments.size(); i++) {
    if (!isGiven(call, i + 1)) continue;
    const Kind kind = op.arguments[i].kind;
    napi_value value = call.values[i + 1];
    if (kind == Kind::TensorList) {
      uint32_t length = 0;
      if (napi_get_array_length(call.env, value, &length) != napi_ok || length == 0) continue;
      check(napi_get_element(call.env, value, 0, &value), "a list could not be read");
    } else if (kind != Kind::Tensor) {
      continue;
    }
    const at::Tensor tensor = readTensor(call, value);
    if (tensor.defined()) return at::isIntegralType(tensor.scalar_type(), /*includeBool=*/true);
  }
  return false;
}

// callOperator(id, ...arguments in schema order) → the result, a list of several results, or undefined.
// An undefined argument takes the schema's default. Results that are arguments changed in place are left out.
napi_value callOperator(Call& call) {
  const auto id = static_cast<size_t>(call.number(0));
  TORCH_CHECK(id < call.context.operators.size(), "unknown operator");
  const Operator& op = call.context.operators[id];
  const auto& schema = op.handle.schema();
  torch::jit::Stack stack;
  stack.reserve(op.arguments.size());
  const bool integral = op.hasScalar && hasIntegers(call, op);
  for (size_t i = 0; i < op.arguments.size(); i++) {
    napi_valuetype type = napi_undefined;
    if (i + 1 < call.count) check(napi_typeof(call.env, call.values[i + 1], &type), "an argument could not be read");
    if (type == napi_undefined) {
      const auto& value = schema.arguments()[i].default_value();
      stack.push_back(value.has_value() ? *value : c10::IValue());
    } else if (type == napi_null) {
      stack.emplace_back();
    } else {
      stack.push_back(read(call, op.arguments[i].kind, call.values[i + 1], integral));
    }
  }
  if (op.guard != nullptr) op.guard(stack);
  if (op.replacement == nullptr || !op.replacement(stack)) op.handle.callBoxed(&stack);
  for (const size_t i : op.written) {
    if (isGiven(call, i + 1)) recount(call, op.arguments[i].kind, call.values[i + 1]);
  }
  if (op.results.size() == 1) return op.writesArgument[0] ? nullptr : write(call, op.results[0], stack[0]);
  if (op.results.empty()) return nullptr;
  napi_value results;
  check(napi_create_array_with_length(call.env, op.results.size(), &results), "a list could not be made");
  for (size_t i = 0; i < op.results.size(); i++) {
    if (op.writesArgument[i]) continue;
    check(napi_set_element(call.env, results, static_cast<uint32_t>(i), write(call, op.results[i], stack[i])),
          "a list could not be filled");
  }
  return results;
}

}  // namespace rin
