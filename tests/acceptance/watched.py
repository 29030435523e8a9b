"""A browser's page that is watched: what its policy forbade, what it threw, what dialogs it opened."""

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

LISTEN = """
window.forbidden = [];
document.addEventListener('securitypolicyviolation', (e) =>
  window.forbidden.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber} ${e.sample}`));
"""


@dataclass
class Watched:
    """A page, and what must not have happened on it."""

    page: Page
    context: BrowserContext
    faults: list[str] = field(default_factory=list)

    async def misdeeds(self) -> list[str]:
        """Everything that was forbidden or went wrong so far."""
        return [*self.faults, *await self.page.evaluate("window.forbidden")]


async def watched(chromium: Browser, **options: Any) -> Watched:
    """A new page, not yet anywhere."""
    context = await chromium.new_context(**options)
    await context.add_init_script(LISTEN)
    made = Watched(await context.new_page(), context)

    async def dialog(opened: Any) -> None:
        made.faults.append(f"dialog: {opened.message}")
        await opened.dismiss()

    made.page.on("dialog", dialog)
    made.page.on("pageerror", lambda error: made.faults.append(f"error: {error}"))
    made.page.on(
        "console", lambda said: made.faults.append(said.text) if "Content Security Policy" in said.text else None
    )
    return made
