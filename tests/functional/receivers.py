"""Servers that take what a service sends: mail (RFC 5321) and HTTP POSTs."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """A server on a free port of loopback; use it in a `with`."""

    def __init__(self, server):
        self.server = server
        self.port = server.server_address[1]
        self.received = []
        self.thread = threading.Thread(target=server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class MailServer(Receiver):
    """`received` has (sender, recipients, text); the first `refuse` messages are refused."""

    def __init__(self, refuse=0):
        outer = self
        self.refuse = refuse

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def message(self):
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b"..") else line)
                return b"".join(lines).decode()

            def handle(self):
                sender, recipients = "", []
                self.say("220 mail.example ESMTP")
                while line := self.rfile.readline().decode().strip():
                    verb = line.split(" ", 1)[0].upper()
                    if verb == "EHLO":
                        self.say("250-mail.example\r\n250 8BITMIME")
                    elif verb == "MAIL":
                        sender = line.split("<")[1].split(">")[0]
                        self.say("250 good")
                    elif verb == "RCPT":
                        recipients.append(line.split("<")[1].split(">")[0])
                        self.say("250 good")
                    elif verb == "DATA" and outer.refuse > 0:
                        outer.refuse -= 1
                        self.say("451 come again")
                    elif verb == "DATA":
                        self.say("354 go on")
                        outer.received.append((sender, recipients, self.message()))
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 good")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        super().__init__(Server(("127.0.0.1", 0), Handler))


class PostServer(Receiver):
    """`received` has (path, headers, body)."""

    def __init__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                outer.received.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
