"""How long pages take to answer a hand: the slowest interaction of each page, as a browser times it.

    python -m bench.interaction WORKSPACE_URL [PATH ...]

Each page is opened, its theme changed, its menus and details opened, its picture walked with the arrow keys. What is
told is the longest time from a key or click to the next frame (Event Timing, 8 ms steps), and how far the page moved.
Exit code 1 where an interaction takes longer than 100 ms, or a page moves by more than a hundredth.
"""

from __future__ import annotations

import shutil
import sys

from playwright.sync_api import Page, sync_playwright

PATHS = ("/", "/curve", "/scorecard", "/drift", "/customers", "/friction", "/actions", "/revenue", "/journey", "/maps")
MOST_MS, MOST_SHIFT = 100.0, 0.01
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WATCH = """
window.seen = {slowest: 0, what: '', moved: 0};
const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
  .observe({type, buffered: true, durationThreshold: 16});
watch('event', (one) => {
  if (one.interactionId && one.duration > seen.slowest) { seen.slowest = one.duration; seen.what = one.name; }
});
watch('layout-shift', (one) => { if (!one.hadRecentInput) seen.moved += one.value; });
"""


def touched(page: Page) -> None:
    """Everything a reader may do without leaving the page."""
    for key in ("t", "t", "?", "Escape", "j", "j", "k"):
        page.keyboard.press(key)
    for summary in page.locator("main summary:visible").all()[:6]:
        summary.click()
        page.keyboard.press("Escape")
    for point in page.locator("main svg [tabindex='0']:visible").all()[:2]:
        point.focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)


def main(url: str, paths: tuple[str, ...]) -> int:
    """Print a line a page."""
    is_over = False
    with sync_playwright() as playwright:
        path = next(
            found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))
        )
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for at in paths:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(WATCH)
            page.goto(url + at, wait_until="networkidle")
            touched(page)
            seen = page.evaluate("seen")
            is_over |= seen["slowest"] > MOST_MS or seen["moved"] > MOST_SHIFT
            print(
                f"{at:14} slowest {seen['slowest']:4.0f} ms ({seen['what'] or 'under 16'}), moved {seen['moved']:.4f}"
            )
            page.close()
        browser.close()
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/"), tuple(sys.argv[2:]) or PATHS))
