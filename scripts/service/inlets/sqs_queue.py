"""A queue of Amazon SQS: messages out of it, and what is told to it of them. Speaks by boto3, the extra `sqs`."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004 - boto's own

from outcomes.domain.errors import QueueUnavailable, UsageError

AT_ONCE = 10
"""How many messages a request may be about: SQS's own limit."""

_REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-\d\b")
_ANY_REGION = "us-east-1"
"""Requests are signed for a region, even where the server has none."""
_CONNECT_SECONDS, _READ_SECONDS = 5, 30
_SERVER_FAILS, _TOO_MANY = 500, 429


class Message(NamedTuple):
    """One message: its body, how often it was received, and when it was sent, in seconds since 1970."""

    receipt: str
    content: bytes
    times: int
    sent: float

    def age(self) -> float:
        """Return how many seconds ago it was sent."""
        return max(0.0, time.time() - self.sent)


class Queue:
    """A queue by its URL. Raises QueueUnavailable: what may pass, after boto3's own three tries, and what does not."""

    def __init__(self, url: str, visibility: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path.strip("/"):
            raise UsageError(f"not the URL of a queue: {url}: it is like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
        self.name = parts.path.rstrip("/").rpartition("/")[2]
        self.address = f"{parts.netloc}{parts.path.rstrip('/')}"
        """What tells it from those of the same name in other accounts and regions."""
        self._url = url
        self._visibility = visibility
        session = boto3.Session()
        found = _REGION.search(parts.hostname)
        region = found.group() if found else session.region_name or _ANY_REGION
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "max_attempts": 3},
        )
        self._client: Any = self._asked(
            session.client,
            service_name="sqs",
            region_name=region,
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            config=config,
        )

    def receive(self, wait: int) -> list[Message]:
        """Return up to ten messages, unseen by others for a while; wait so many seconds for a first one."""
        answer = self._asked(
            self._client.receive_message,
            QueueUrl=self._url,
            MaxNumberOfMessages=AT_ONCE,
            WaitTimeSeconds=wait,
            VisibilityTimeout=self._visibility,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [_message(told) for told in answer.get("Messages", ())]

    def delete(self, messages: Sequence[Message]) -> int:
        """Take messages out of the queue; return how many could not be: those come again."""
        left = 0
        for part in _parts(messages):
            try:
                answer = self._asked(self._client.delete_message_batch, QueueUrl=self._url, Entries=_entries(part))
            except QueueUnavailable:
                left += len(part)
            else:
                left += len(answer.get("Failed", ()))
        return left

    def keep(self, messages: Sequence[Message]) -> None:
        """Keep messages from others for as long again."""
        for part in _parts(messages):
            entries = [{**entry, "VisibilityTimeout": self._visibility} for entry in _entries(part)]
            self._asked(self._client.change_message_visibility_batch, QueueUrl=self._url, Entries=entries)

    def _asked(self, ask: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return ask(**arguments)
        except ClientError as error:
            told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            may_pass = status >= _SERVER_FAILS or status == _TOO_MANY or "Throttl" in told["Code"]
            raise self._unavailable(f"{told['Code']}: {told['Message']}", may_pass=may_pass) from error
        except (ConnectionError, HTTPClientError) as error:
            raise self._unavailable(str(error), may_pass=True) from error
        except (BotoCoreError, ValueError) as error:
            raise self._unavailable(str(error), may_pass=False) from error

    def _unavailable(self, words: str, *, may_pass: bool) -> QueueUnavailable:
        what_to_do = "try again" if may_pass else "check the URL, the region and the credentials (as for the AWS CLI)"
        return QueueUnavailable(f"the queue {self.name}: {words.rstrip('.')}: {what_to_do}", may_pass=may_pass)


def _message(told: dict[str, Any]) -> Message:
    attributes = told.get("Attributes", {})
    return Message(
        told["ReceiptHandle"],
        # SQS refuses what is no text; what another server lets through is kept, and read as what it is.
        told.get("Body", "").encode(errors="surrogatepass"),
        int(attributes.get("ApproximateReceiveCount", 1)),
        int(attributes.get("SentTimestamp", time.time() * 1000)) / 1000,
    )


def _parts(messages: Sequence[Message]) -> Iterator[list[Message]]:
    rest = iter(messages)
    while part := list(islice(rest, AT_ONCE)):
        yield part


def _entries(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [{"Id": str(number), "ReceiptHandle": message.receipt} for number, message in enumerate(messages)]
