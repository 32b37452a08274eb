"""All routes of the page."""

from fastapi import APIRouter

from outcomes.service.pages import assets, changes, scheme, screens, search, start, tree

SCREENS = (start.SCREEN, search.SCREEN, tree.SCREEN, changes.SCREEN)


def router() -> APIRouter:
    """Return the routes of the screens and of what they are made of."""
    found = APIRouter(include_in_schema=False)
    found.include_router(assets.router())
    found.include_router(scheme.router())
    found.include_router(screens.router(SCREENS))
    return found
