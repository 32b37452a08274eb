"""`python -m outcomes.service.openapi`: the description of the service, as docs/openapi.json has it."""

import json
import sys
from pathlib import Path

from outcomes.service.application import create_app
from outcomes.service.configuration import Configuration

if __name__ == "__main__":
    # Nothing is opened before the application starts, so any folder will do.
    document = create_app(Configuration(folder=Path())).openapi()
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
