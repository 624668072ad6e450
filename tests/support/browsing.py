"""A real browser for the tests of the pages: Chromium of the system, without scripts."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, async_playwright

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium; `make browser` says how to get it")


@asynccontextmanager
async def browsing(width: int = 1440) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page without scripts, and what the browser complains of."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--headless", "--disable-gpu"])
        context = await browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
        page = await context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("response", lambda response: complaints.append(f"{response.status} {response.url}") if response.status >= 400 else None)
        try:
            yield page, complaints
        finally:
            await browser.close()
