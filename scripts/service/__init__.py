"""The service: events come in by HTTPS, and every question has an address. It parses, asks the API, and renders.

`outcomes serve` runs it: one process, two readers, one writer.
"""
