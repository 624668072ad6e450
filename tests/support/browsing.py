"""A real browser for the tests of the pages: Chromium of the system, without scripts."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; `make browser` says how to get it")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One browser, for whoever comes with a `profile` of their own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--headless", "--disable-gpu"])
        try:
            yield browser
        finally:
            await browser.close()


async def profile(browser: Browser, width: int = 1440) -> Page:
    """A page without scripts, with cookies of its own."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    return await context.new_page()


async def texts(within: Page | Locator, selector: str) -> list[str]:
    """What is written there, once the page has come whole: what a click leads to may still be on its way."""
    await (within.page if isinstance(within, Locator) else within).wait_for_load_state()
    return await within.locator(selector).all_inner_texts()


@asynccontextmanager
async def browsing(width: int = 1440) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page in a browser of its own, and what the browser complains of."""
    complaints: list[str] = []
    async with chromium() as browser:
        page = await profile(browser, width)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("response", lambda response: complaints.append(f"{response.status} {response.url}") if response.status >= 400 else None)
        yield page, complaints
