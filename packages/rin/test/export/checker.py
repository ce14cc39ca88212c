"""Checks ONNX files: python checker.py FILE…. The first one that is wrong ends it."""

import sys

import onnx

for path in sys.argv[1:]:
    model = onnx.shape_inference.infer_shapes(onnx.load(path), strict_mode=True, data_prop=True)
    onnx.checker.check_model(model, full_check=True)
    graph = model.graph
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [('', 20)], path
    assert {node.domain for node in graph.node} == {''}, path
    assert [entry.key for entry in model.metadata_props] == ['rin'] and model.producer_name == 'rin', path
    kinds = {value.type.tensor_type.elem_type for value in [*graph.value_info, *graph.input, *graph.output]}
    kinds |= {tensor.data_type for tensor in graph.initializer}
    assert kinds <= {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT64}, (path, kinds)
    for port in [*graph.input, *graph.output]:
        first, *others = port.type.tensor_type.shape.dim
        assert first.dim_param == 'B' and all(each.dim_value > 0 for each in others), (path, port.name)
    read = {name for node in graph.node for name in node.input} | {port.name for port in graph.output}
    made = [name for node in graph.node for name in node.output] + [tensor.name for tensor in graph.initializer]
    assert set(made) <= read, (path, set(made) - read)  # nothing is stored or computed in vain
print(f'{len(sys.argv) - 1} graphs')
