"""One module a family of entities: its body as Canvas sends it, its events, its aggregate."""
