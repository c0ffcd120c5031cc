"""The page in a real browser: paste, report, question, plots, chat, download; nobody else is asked, none complains."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# A folder to keep pictures of the page in, for whoever wants to look at them.
PICTURES = os.environ.get("DIAGNOSE_PICTURES")
PASTE = """\
run: <script>window.hacked = 1</script> "><img src=x onerror="window.hacked = 1"> ${window.hacked = 1}
eval_accuracy = 0.6120
eval_precision = 0.0102
eval_recall = 0.01667
eval_f1 = 0.0127
"""
HISTORY = """\
step,train_loss,eval_loss,eval_accuracy,<img src=x onerror=window.hacked=1>
100,0.90,0.80,0.55,1
200,0.60,nan,0.71,2
300,0.40,0.95,0.68,3
400,0.30,1.10,0.66,4
"""


@pytest.fixture(scope="module")
def browser():
    """Start the browser of this machine; skip where there is none."""
    with sync_api.sync_playwright() as playwright:
        try:
            running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"no browser: {error.message.splitlines()[0]}")
        yield running
        running.close()


class Visit:
    """An open page, with the hosts that it asked and what it complained of."""

    def __init__(self, browser, url, **looks):
        self.context = browser.new_context(accept_downloads=True, **looks)
        self.page = self.context.new_page()
        self.hosts, self.requests, self.complaints = set(), 0, []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("response", lambda got: self.complaints.append(got.url) if got.status >= 400 else None)
        self.page.goto(url)
        self.page.get_by_label("Metrics").wait_for()

    def _note(self, request):
        self.requests += 1
        parts = urlsplit(request.url)
        self.hosts |= {parts.netloc} if parts.scheme in ("http", "https", "ws", "wss") else set()

    def paste(self, text):
        """Paste and diagnose."""
        self.page.get_by_label("Metrics").fill(text)
        self.page.get_by_role("button", name="Diagnose").click()
        self.page.locator("#verdict .badge").wait_for()

    def tab(self, name):
        """Go to a tab."""
        self.page.get_by_role("tab", name=name).click()

    def keep(self, name):
        """Keep a picture, where pictures are wanted."""
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)

    def leave(self, server):
        """Close the page, and see to it that all went well."""
        hacked = self.page.evaluate("window.hacked")
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        self.context.close()
        assert self.hosts == {urlsplit(server.url).netloc}
        assert (self.complaints, hacked, wide) == ([], None, False)
        assert not server.asked.exists()


LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "mobile": {"viewport": {"width": 400, "height": 850}, "device_scale_factor": 2},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}


def test_a_visit(browser, server, tmp_path):
    """Paste hostile metrics, answer a question, take it back, chat, and download the report."""
    visit = Visit(browser, server.url, **LOOKS["desktop"])
    page = visit.page
    visit.paste(PASTE)
    assert page.locator("#verdict .badge").inner_text().lower() == "degenerate"
    page.locator("#report h3").first.wait_for()
    page.get_by_role("radio", name="macro").check()
    page.locator("#assumed code").wait_for()
    assert page.locator("#assumed code").inner_text() == "averaging=macro"
    page.get_by_label("How many labels").fill("60")
    page.get_by_role("button", name="Answer", exact=True).click()
    page.locator("#assumed code", has_text="classes=60").wait_for()
    page.get_by_role("button", name="Undo the last answer").click()
    page.locator("#assumed code", has_text="classes=60").wait_for(state="detached")
    visit.tab("Findings")
    page.locator("article.finding.error").first.wait_for()
    assert page.locator("article.finding .proof").first.inner_text()
    visit.tab("Plots")
    page.locator("#pictures .none").wait_for()
    visit.tab("Chat")
    page.get_by_label("Ask about this run").fill("What should I try first? <img src=x onerror=window.hacked=1>")
    page.keyboard.press("Enter")
    page.locator("#chat .bot, #chat [data-testid=bot]").last.wait_for()
    page.locator("#chat", has_text="What should I try first? <img").wait_for()
    visit.tab("Share")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.suffix == ".md"
    kept = file.read_text(encoding="utf-8")
    assert "DEGENERATE" in kept
    assert "averaging=macro" in kept
    assert page.locator("#shared textarea").input_value() == kept
    page.get_by_role("button", name="Start over").click()
    page.locator("#results").wait_for(state="hidden")
    visit.leave(server)


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_a_dropped_file_is_drawn(browser, server, look, tmp_path):
    """Drop a history with a hostile column, and look at its plots, narrow and in the dark too."""
    visit = Visit(browser, server.url, **LOOKS[look])
    page = visit.page
    visit.keep(f"{look}-start")
    file = tmp_path / "log <b>history.csv"
    file.write_text(HISTORY, encoding="utf-8")
    page.locator("#file input[type=file]").set_input_files(str(file))
    page.locator("#verdict .badge").wait_for()
    assert "history.csv" in page.locator("#verdict .source").inner_text()
    visit.keep(f"{look}-report")
    visit.tab("Plots")
    page.locator("#pictures svg").first.wait_for()
    assert page.locator("#pictures figure.plot").count() == 2
    assert "no number" in page.locator("#pictures").inner_text()
    visit.keep(f"{look}-plots")
    visit.leave(server)


@pytest.mark.slow
def test_what_cannot_be_read_says_so_and_leaves_the_rest(browser, server, tmp_path):
    """Nothing, too much, and a binary file: a line each, and the report before them stays."""
    visit = Visit(browser, server.url)
    page, notice = visit.page, visit.page.locator("#notice .notice")
    page.get_by_role("button", name="Diagnose").click()
    notice.wait_for()
    assert "Paste some metrics" in notice.inner_text()
    visit.paste(PASTE)
    big = tmp_path / "big.json"
    big.write_bytes(b" " * (30 << 20))
    page.locator("#file input[type=file]").set_input_files(str(big))
    page.get_by_text("exceed the maximum").first.wait_for()
    page.reload()
    page.get_by_label("Metrics").wait_for()
    visit.paste(PASTE)
    binary = tmp_path / "model.bin"
    binary.write_bytes(bytes(range(256)) * 64)
    page.locator("#file input[type=file]").set_input_files(str(binary))
    notice.wait_for()
    assert "binary" in notice.inner_text()
    assert page.locator("#verdict .badge").is_visible()
    visit.complaints = [line for line in visit.complaints if "exceed the maximum" not in line]
    visit.leave(server)


@pytest.mark.slow
def test_it_works_with_the_keyboard_alone(browser, server):
    """Tab from the field over the file to the button, and press it."""
    visit = Visit(browser, server.url)
    page = visit.page
    page.get_by_label("Metrics").focus()
    page.keyboard.insert_text(PASTE)
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Diagnose":
            break
    page.keyboard.press("Enter")
    page.locator("#verdict .badge").wait_for()
    names = page.evaluate("""() => [...document.querySelectorAll("button, input, textarea")].filter(
        (e) => e.offsetParent && !(e.labels?.length || e.ariaLabel || e.textContent.trim() || e.title)
    ).map((e) => e.outerHTML.slice(0, 200))""")
    assert names == []
    visit.leave(server)
