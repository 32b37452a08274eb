"""A real server that speaks SQS, on loopback: moto's, in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import uuid4

import boto3
import httpx

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
_STARTS_WITHIN = 30


class Queue:
    """A queue of that server, as its sender and its owner see it."""

    def __init__(self, server: str) -> None:
        self._client: Any = boto3.client(
            "sqs",
            endpoint_url=server,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106 - of nothing
        )
        self.url: str = self._client.create_queue(QueueName=f"canvas-live-events-{uuid4().hex[:8]}")["QueueUrl"]

    def send(self, bodies: Iterable[bytes]) -> None:
        """Send messages, ten at once."""
        rest = list(bodies)
        for start in range(0, len(rest), 10):
            entries = [
                {"Id": str(number), "MessageBody": body.decode()}
                for number, body in enumerate(rest[start : start + 10])
            ]
            assert not self._client.send_message_batch(QueueUrl=self.url, Entries=entries).get("Failed")

    def receive(self, visibility: int) -> list[dict[str, Any]]:
        """Receive what another consumer would see now."""
        found: list[dict[str, Any]] = self._client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=visibility
        ).get("Messages", [])
        return found

    def counts(self) -> tuple[int, int]:
        """Return how many messages can be received, and how many are being taken."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(told[names[0]]), int(told[names[1]])


@contextmanager
def queue_server() -> Iterator[str]:
    """Give the URL of a server that ends with the block."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url, end = f"http://127.0.0.1:{port}", time.monotonic() + _STARTS_WITHIN
    try:
        while True:
            try:
                httpx.get(f"{url}/moto-api/", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)
