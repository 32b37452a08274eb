"""The speed of it all, as ratios inside one run: `python -m scripts.bench`."""
