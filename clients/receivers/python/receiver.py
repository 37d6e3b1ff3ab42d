"""Receives webhooks with Python's standard library alone."""
import base64, hashlib, hmac, os, re, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(os.environ.get("PORT", "4002"))
# Several, with a comma between, while a secret is replaced. The key is the secret's own bytes, nothing decoded.
SECRETS = [secret.encode() for secret in os.environ.get("WEBHOOK_SECRET", "").split(",")]
TOLERANCE_SECONDS = 300
BODY_MAX_BYTES = 1 << 20
IDS_MAX = 10_000

seen = {}  # In your receiver a table of your database, with the id as its key.
lock = threading.Lock()


class Refused(Exception):
    """Not from Tidings, or not as it was sent. The text is the reason."""


def verify(headers, body):
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    event_id, timestamp, signatures = (headers.get(name) or "" for name in names)
    if not (event_id and timestamp and signatures):
        raise Refused("missing_header")
    # An id has no dot and no brace: what was signed can be cut into id, time and body in one way only.
    if not re.fullmatch("[A-Za-z0-9_-]{1,255}", event_id) or not re.fullmatch("[0-9]{1,12}", timestamp):
        raise Refused("invalid_header")
    age = time.time() - int(timestamp)
    if abs(age) > TOLERANCE_SECONDS:
        raise Refused("timestamp_too_old" if age > 0 else "timestamp_too_new")
    if len(signatures) > 1024:
        raise Refused("invalid_header")
    content = f"{event_id}.{timestamp}.".encode() + body
    expected = [b"v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)) for secret in SECRETS]
    # Not ==, of which the time tells how much is right.
    if not any(hmac.compare_digest(given, own) for given in signatures.encode().split(b" ") for own in expected):
        raise Refused("signature_mismatch")


def is_new(event_id):
    with lock:
        if event_id in seen:
            return False
        if len(seen) >= IDS_MAX:
            del seen[next(iter(seen))]
        seen[event_id] = True
        return True


def forget(event_id):
    with lock:
        seen.pop(event_id, None)


def handle(body):
    """Here goes your work: store the event, in one transaction with its id. What it raises lets the event come again."""
    print("accepted", body.decode(), flush=True)


class Receiver(BaseHTTPRequestHandler):
    timeout = 30  # Seconds that a sender may be silent.

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            return self.refuse(411, "no_length")
        if int(length) > BODY_MAX_BYTES:
            return self.refuse(413, "body_too_long")
        body = self.rfile.read(int(length))
        try:
            verify(self.headers, body)
        except Refused as refused:
            return self.refuse(401, refused)
        event_id = self.headers["webhook-id"]
        if not is_new(event_id):
            print("duplicate", event_id, flush=True)
            return self.answer(204)
        try:
            handle(body)
        except Exception as error:
            forget(event_id)
            print(f"failed: {error!r}", flush=True)
            return self.answer(500)
        self.answer(204)

    def refuse(self, status, reason):
        print(f"refused: {reason}", flush=True)  # For you alone: the answer does not tell why.
        self.answer(status)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *arguments):
        pass


sys.stdout.reconfigure(encoding="utf-8")  # Whatever the locale is.
if not all(SECRETS):
    sys.exit("WEBHOOK_SECRET has to hold the webhook's secret")
server = ThreadingHTTPServer(("localhost", PORT), Receiver)
print(f"listening on http://localhost:{PORT}", flush=True)
server.serve_forever()
