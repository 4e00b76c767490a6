import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from console_gateway import console, organization, signed_in, three_looks  # noqa: E402, F401
from harness.logs import (  # noqa: E402, F401
    pytest_runtest_makereport, pytest_runtest_setup, pytest_terminal_summary)
from running_demo import ROOT, Demo, binary  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
# Pages that a test writes itself come from no address, so Chromium would keep them from asking loopback.
ARGUMENTS = ["--no-sandbox", "--disable-features=LocalNetworkAccessChecks"]
SCREENSHOTS = ROOT / "out" / "screenshots"


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """One demo for all tests: they tell their posts apart by text, and visitors keep to what they are."""
    if not binary().exists():
        pytest.exit(f"There is no {binary()}: build first, or set WIDGET_GATEWAY_BINARY.", returncode=2)
    running = Demo(tmp_path_factory.mktemp("demo")).start()
    yield running
    assert running.close() == 0, running.log()[-4000:]


@pytest.fixture(scope="session")
def browser():
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser):
    """Opens pages, each as a browser of its own, and fails where one broke its own security policy or script."""
    contexts = []
    complaints = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", lambda message: complaints.append(message.text)
                if "Content Security Policy" in message.text else None)

    def opened(url: str | None = None, *, viewport=(1200, 900), scheme="light", **options) -> Page:
        context = browser.new_context(
            viewport={"width": viewport[0], "height": viewport[1]}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        if url:
            page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visit(demo, open_page):
    """Opens the customer's app as one of its visitors."""

    def opened(visitor: str, organization: str = "acme", **options) -> Page:
        return open_page(f"{demo.app}/?visitor={visitor}&organization={organization}", **options)

    return opened


@pytest.fixture(scope="session")
def screenshot():
    """Saves what a page looks like, whole, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def save(page: Page, name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")

    return save
