"""`consume`: events from a queue, as they come."""

import signal
from typing import Annotated

import typer

from outcomes.api.extras import require
from outcomes.cli.command_line import CommandLine
from outcomes.cli.options import Format, FormatOption
from outcomes.cli.output import answer, say
from outcomes.cli.session import opened
from outcomes.cli.spreadsheets import writes_csv

app = CommandLine()


@app.callback()
def consume() -> None:
    """Take events from a queue."""


@app.command()
@writes_csv
def sqs(
    context: typer.Context,
    *,
    queue: Annotated[str, typer.Option("--queue", metavar="URL", help="The queue's URL, as AWS shows it.")],
    drain: Annotated[bool, typer.Option("--drain", help="Stop when the queue is empty, for use by a timer.")] = False,
    visibility: Annotated[
        int,
        typer.Option(
            "--visibility",
            metavar="SECONDS",
            min=1,
            max=43_200,
            help="How long a received message is hidden from others.",
        ),
    ] = 120,
    form: FormatOption = Format.TABLE,
) -> None:
    """Take events from an Amazon SQS queue until stopped; each leaves the queue once it is on the disk.

    Credentials and region are found as the AWS CLI finds them. SIGTERM finishes what is being taken, and answers.

    Example: outcomes consume sqs --queue https://sqs.us-east-1.amazonaws.com/123456789012/canvas-live-events
    """
    require("boto3", "sqs")
    from outcomes.service.inlets.sqs_consumer import Consumer  # noqa: PLC0415 - boto3 is slow to load
    from outcomes.service.inlets.sqs_queue import Queue  # noqa: PLC0415 - the same

    found = Queue(queue, visibility)
    with opened(context, create=True) as home:
        consumer = Consumer(home, found, visibility=visibility, drain=drain, say=say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: consumer.stop())
        report = consumer.run()
        answer(report, form)
    if report.left:
        say(f"{report.left} receives gave no event: what cannot be read is left twice, and then goes to quarantine")
    if report.undeleted:
        say(f"{report.undeleted} are in the log and could not be taken out of the queue: they come again, as repeats")
    if report.quarantined:
        say(f"{report.quarantined} could not be read as events: see outcomes quarantine list")
