"""An invocation in the worker's protocol: classes that protobuf makes, with its rules for what was not set.

A message field that was not set reads as an empty message, which is true; a scalar as its empty value. Fields have the
protocol's names and numbers; those that no test sets are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
    "bool": Field.TYPE_BOOL,
    "int32": Field.TYPE_INT32,
    "sint64": Field.TYPE_SINT64,
    "double": Field.TYPE_DOUBLE,
}
MAP, REPEATED, ONE_OF = "map of ", "repeated ", "one of "
MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "InvocationRequest": {
        "invocation_id": (1, "string"),
        "function_id": (2, "string"),
        "input_data": (3, "repeated ParameterBinding"),
        "trigger_metadata": (4, "map of TypedData"),
        "trace_context": (5, "RpcTraceContext"),
        "retry_context": (6, "RetryContext"),
    },
    "RpcTraceContext": {
        "trace_parent": (1, "string"),
        "trace_state": (2, "string"),
        "attributes": (3, "map of string"),
    },
    "RetryContext": {"retry_count": (1, "int32"), "max_retry_count": (2, "int32"), "exception": (3, "RpcException")},
    "RpcException": {
        "source": (3, "string"),
        "stack_trace": (1, "string"),
        "message": (2, "string"),
        "is_user_exception": (4, "bool"),
        "type": (5, "string"),
    },
    "ParameterBinding": {"name": (1, "string"), "data": (2, "one of TypedData")},
    "TypedData": {
        "string": (1, "one of string"),
        "json": (2, "one of string"),
        "bytes": (3, "one of bytes"),
        "http": (5, "one of RpcHttp"),
        "int": (6, "one of sint64"),
        "double": (7, "one of double"),
    },
    "RpcHttp": {
        "method": (1, "string"),
        "url": (2, "string"),
        "headers": (3, "map of string"),
        "body": (4, "TypedData"),
        "params": (10, "map of string"),
        "query": (15, "map of string"),
    },
}
GROUPS = {"ParameterBinding": "rpc_data", "TypedData": "data"}  # the names of their oneofs


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="worker.proto", package="worker", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in GROUPS:
            message.oneof_decl.add(name=GROUPS[name])
        for field, (number, kind) in fields.items():
            _add(message, field, number, kind)
    return file


def _add(message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
    field = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    if kind.startswith(ONE_OF):
        field.oneof_index = 0
    if kind.startswith((MAP, REPEATED)):
        field.label = Field.LABEL_REPEATED
    if kind.startswith(MAP):
        _set_type(field, f"{message.name}.{_entry(message, name, kind.removeprefix(MAP))}")
    else:
        _set_type(field, kind.removeprefix(REPEATED).removeprefix(ONE_OF))


def _set_type(field: Any, kind: str) -> None:
    field.type = SCALARS.get(kind, Field.TYPE_MESSAGE)
    if kind not in SCALARS:
        field.type_name = f".worker.{kind}"


def _entry(message: descriptor_pb2.DescriptorProto, name: str, kind: str) -> str:
    """The message that an entry of a map is on the wire; its name is protobuf's rule."""
    entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    for field, number, value in (("key", 1, "string"), ("value", 2, kind)):
        _add(entry, field, number, value)
    return str(entry.name)


def _classes() -> Iterator[tuple[str, Any]]:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    for name in MESSAGES:
        yield name, message_factory.GetMessageClass(pool.FindMessageTypeByName(f"worker.{name}"))


CLASSES = dict(_classes())
InvocationRequest, ParameterBinding = CLASSES["InvocationRequest"], CLASSES["ParameterBinding"]
RetryContext, RpcException = CLASSES["RetryContext"], CLASSES["RpcException"]
TypedData, RpcHttp, RpcTraceContext = CLASSES["TypedData"], CLASSES["RpcHttp"], CLASSES["RpcTraceContext"]
