"""All routes of the page."""

from fastapi import APIRouter

from outcomes.service.pages import (
    access,
    assets,
    binder,
    changes,
    compare,
    course,
    edits,
    feed,
    jobs,
    keys,
    knowledge,
    outcome,
    places,
    quarantine,
    scale,
    scheme,
    screens,
    search,
    start,
    student,
    tree,
    why,
)

SCREENS = (
    start.SCREEN,
    search.SCREEN,
    places.SCREEN,
    tree.SCREEN,
    changes.SCREEN,
    outcome.SCREEN,
    course.SCREEN,
    edits.SCREEN,
    student.SCREEN,
    why.SCREEN,
    compare.SCREEN,
    scale.SCREEN,
    feed.SCREEN,
    quarantine.SCREEN,
    quarantine.DISMISS,
    quarantine.RETRY,
    access.SCREEN,
    access.LOOKS,
    access.CREATE,
    access.REVOKE,
    binder.SCREEN,
    keys.SCREEN,
    knowledge.SCREEN,
)


def router() -> APIRouter:
    """Return the routes of the screens and of what they are made of."""
    found = APIRouter(include_in_schema=False)
    found.include_router(assets.router())
    found.include_router(scheme.router())
    found.include_router(jobs.router())
    found.include_router(screens.router(SCREENS))
    return found
