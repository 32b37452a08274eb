"""What questions come to: frozen, typed, printable; one module a subject."""
