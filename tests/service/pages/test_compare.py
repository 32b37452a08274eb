"""Two times compared, and one time as it was known at two."""

from playwright.sync_api import expect

from outcomes.service.pages import words
from tests.service.pages.conftest import Opener

TWO = "/compare/Account:1?at=2025-12-31T00:00:00Z&vs_at=2025-10-01T00:00:00Z"


def test_what_differs_is_told_in_words(opened: Opener) -> None:
    """How much first; then fields before and after, places, scales by the name of their place; then whom it touches."""
    page = opened(TWO, java_script_enabled=False)
    expect(page.locator(".lead")).to_have_text(
        "24 differences. A is 1 October 2025, 00:00 UTC, with 34 outcomes; B is 31 December 2025, 00:00 UTC, with 43."
    )
    expect(page.locator(".changed")).to_contain_text("Justifies the path of a storm front")
    expect(page.locator(".policies")).to_contain_text("the mastery scale of Alderfen Community Schools")
    expect(page.locator(".moved")).to_contain_text("from Ratio to Clouds")
    page.get_by_role("link", name="Whose scores differ?").click()
    region = page.get_by_role("region", name="Whose scores differ")
    expect(region).to_contain_text("mastery lost")
    rows = region.locator("tbody tr")
    students = rows.locator("th").all_inner_texts()
    assert students == sorted(students, key=words.folded)
    lost = rows.filter(has_text="mastery lost").count()
    expect(page.get_by_text(f"{lost} lost mastery")).to_contain_text(f"{rows.count()} scores of {len(set(students))} ")
    page.get_by_role("link", name="Water & Weather 7 · Autumn", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Mastery that edits changed in Water & Weather 7 · Autumn"
    )


def test_who_made_the_differences_is_one_step_away(opened: Opener) -> None:
    """All changes after A and up to B, also where A is what the page stands at; none of the day that A ends."""
    for address in ("vs_on=2025-10-15&on=2025-12-20", "on=2025-10-15&vs_on=2025-12-20"):
        page = opened(f"/compare/Account:1?{address}", java_script_enabled=False)
        page.get_by_role("link", name="Who made these changes, and when").click()
        times = page.locator(".changes time").evaluate_all("all => all.map((one) => one.dateTime.slice(0, 10))")
        assert (min(times) > "2025-10-15", max(times)) == (True, "2025-12-20")
        expect(page.locator(".changes")).to_contain_text("anouk34")


def test_what_was_told_late_is_seen_by_comparing_what_was_known(opened: Opener) -> None:
    """Of today, by what was known after event 1,300 and now: what came between is the difference."""
    page = opened("/compare/Account:1?vs_known=1300")
    expect(page.locator(".lead")).to_contain_text(
        "A is as we knew it after event 1,300, with 43 outcomes; B is by everything we know today, with 46."
    )
    expect(page.locator(".lead")).to_contain_text("6 differences by what was told to us in between")
    page.get_by_role("link", name="Compare two times instead").click()
    expect(page.locator("#vs_on")).to_be_visible()


def test_what_leaves_its_last_group_is_not_gone(opened: Opener) -> None:
    """The tree lists it in no group, and so is it told: moved, from where it was; days are compared at their ends."""
    page = opened("/compare/Account:1?vs_on=2025-09-20&on=2025-12-20", java_script_enabled=False)
    expect(page.locator(".lead")).to_have_text(
        "17 differences. A is the end of 20 September 2025, with 38 outcomes; "
        "B is the end of 20 December 2025, with 43."
    )
    expect(page.locator(".moved")).to_contain_text("Justifies why fog forms at dawn from Second half to no group")
    expect(page.locator(".removed")).to_have_count(0)


def test_the_other_time_stays_from_place_to_place(opened: Opener) -> None:
    """Chosen once it is in all links: to the tree, which offers it, to a class, and back; until it is taken off."""
    page = opened("/compare/Account:1?vs_on=2025-10-19&on=2025-10-20", java_script_enabled=False)
    page.get_by_role("link", name="Tree", exact=True).click()
    page.get_by_role("link", name="Compare with the end of 19 October 2025").click()
    expect(page.locator(".lead")).to_contain_text("A is the end of 19 October 2025")
    page.get_by_role("link", name="Mastery", exact=True).click()
    page.get_by_role("link", name="Water & Weather 7 · Autumn").click()
    expect(page.get_by_text("moved since the end of 19 October 2025")).to_be_visible()
    page.get_by_role("link", name="Without").click()
    page.get_by_role("link", name="Tree", exact=True).click()
    expect(page.get_by_role("link", name="Compare with another time")).to_be_visible()


def test_a_comparison_that_was_not_chosen_says_so_and_is_cited_as_it_is(opened: Opener) -> None:
    """Without a day for A it is where the last 30 changes begin; the citation pins it."""
    page = opened("/compare/Account:1?at=2025-12-20T23:59:59.999Z", java_script_enabled=False)
    expect(page.locator(".lead")).to_contain_text("You chose no A, so it is where the last 30 changes begin.")
    page.get_by_role("link", name="cite this view").click()
    page.get_by_role("link", name="The link that opens exactly this").click()
    expect(page.locator(".citation")).to_contain_text("exactly as cited on")
    assert "vs_at=2025-" in page.url
