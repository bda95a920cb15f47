"""The least HTTPS server there is: whatever is asked, the same answer, on kept connections."""

import socket
import ssl
import sys
import threading
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def serve(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Answer one connection until it ends; a request is what ends in an empty line."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(connection, server_side=True) as stream:
        waiting = b""
        while data := stream.recv(65536):
            waiting += data
            while b"\r\n\r\n" in waiting:
                waiting = waiting.partition(b"\r\n\r\n")[2]
                stream.sendall(ANSWER)


def main() -> None:
    """Listen on a free port and say which; the certificate is the simulated device's."""
    directory = Path(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, context), daemon=True).start()


if __name__ == "__main__":
    main()
