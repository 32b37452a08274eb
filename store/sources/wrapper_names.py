"""The names under which lists of events, or of wrappers around events, are sent."""

from typing import Final

LISTS: Final = {
    "Records": "Lambda, Kinesis (get-records), CloudTrail's form",
    "records": "Firehose (HTTP endpoint), Kafka (Lambda)",
    "Messages": "SQS (receive-message)",
    "receivedMessages": "Pub/Sub (pull)",
    "messages": "what consumers of queues write down",
    "data": "event collectors, web APIs",
    "events": "event collectors",
    "logEvents": "CloudWatch (subscription)",
    "entries": "web APIs",
    "items": "web APIs",
    "Items": "DynamoDB",
    "results": "Splunk (export)",
    "hits": "search engines",
}
"""Name of the member, and who sends it."""
