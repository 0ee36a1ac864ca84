"""An endpoint that is a gRPC server from gRPC's own library, in a process of its own, so that it can be killed.

    python3 grpc_endpoint.py PORT [KEY CERTIFICATE]

/story.Service/Echo answers with what it was asked; Count sends its argument's number of messages; Add takes a stream and
answers with the sum of its lengths; Chat echoes a stream; Fail ends with the status its argument names; Hang waits until
the call is over; Hung tells how many calls of Hang have come and how many were cancelled."""

import pathlib
import sys
import threading
from concurrent import futures

import grpc

MESSAGE = b"x" * 1000


class Service(grpc.GenericRpcHandler):
    def __init__(self):
        self.lock = threading.Lock()
        self.begun = self.cancelled = 0

    def service(self, details):
        name = details.method.rpartition("/")[2]
        kind = {"Echo": grpc.unary_unary_rpc_method_handler, "Fail": grpc.unary_unary_rpc_method_handler,
                "Hang": grpc.unary_unary_rpc_method_handler, "Hung": grpc.unary_unary_rpc_method_handler,
                "Count": grpc.unary_stream_rpc_method_handler, "Forever": grpc.unary_stream_rpc_method_handler,
                "Add": grpc.stream_unary_rpc_method_handler, "Chat": grpc.stream_stream_rpc_method_handler}.get(name)
        return kind and kind(getattr(self, name.lower()))

    def echo(self, request, context):
        fields = dict(context.invocation_metadata())
        context.send_initial_metadata([("x-head", fields.get("x-ask", "-"))])
        context.set_trailing_metadata([("x-tail", fields.get("x-ask", "-")), ("x-bytes-bin", b"\0\1")])
        return request

    def count(self, request, context):
        for i in range(int(request)):
            yield str(i).encode()

    def forever(self, request, context):
        while context.is_active():
            yield MESSAGE

    def add(self, requests, context):
        return str(sum(len(each) for each in requests)).encode()

    def chat(self, requests, context):
        for each in requests:
            yield b"you said " + each

    def fail(self, request, context):
        context.abort(grpc.StatusCode[request.decode()], "as asked")

    def hang(self, request, context):
        over = threading.Event()

        def cancelled():
            with self.lock:
                self.cancelled += 1
            over.set()
        with self.lock:
            self.begun += 1
        if context.add_callback(cancelled):
            over.wait()
        return b""

    def hung(self, request, context):
        with self.lock:
            return f"{self.begun} {self.cancelled}".encode()


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Service(),))
    address = f"127.0.0.1:{sys.argv[1]}"
    if len(sys.argv) > 2:
        pair = tuple(pathlib.Path(each).read_bytes() for each in sys.argv[2:])
        server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
