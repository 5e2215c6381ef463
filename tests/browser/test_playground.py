"""The playground in Chromium: what it shows, and that nothing leaves it.

The tests need Playwright (the dependency group ``browser``) and a Chromium of the system.
"""

from __future__ import annotations

import base64
import re
import shutil
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any

import assets
import pytest

pytestmark = pytest.mark.browser

SECONDS = 60  # that anything may take on a busy machine
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
READ = re.compile("Detected|Read as")


class Server(ThreadingHTTPServer):
    """Serves a folder, and remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.paths: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server_port}/playground/app.html"
        self.other_host = f"http://localhost:{self.server_port}/elsewhere"


class Handler(SimpleHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        self.server.paths.append(self.path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    assets.lay(folder)
    yield from serve(folder)


def serve(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright import sync_api  # noqa: PLC0415  # it is not there where these tests do not run

    with sync_api.sync_playwright() as playwright:
        # Root has no sandbox in a container; the pages are our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Any]]:
    """A function that opens the page, and waits until the first input is read."""
    contexts = []

    def visit(fragment: str = "") -> Any:
        context = browser.new_context(viewport=DESKTOP)
        context.set_default_timeout(SECONDS * 1000)
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(server.url + fragment)
        page.wait_for_selector("#output:not([hidden])")
        return page

    yield visit
    for context in contexts:
        for page in context.pages:
            assert page.errors == []
        context.close()


def expect(found: Any) -> Any:
    """The assertions of Playwright, which wait. Other ways to wait evaluate text, which the page forbids."""
    from playwright import sync_api  # noqa: PLC0415  # as above

    sync_api.expect.set_options(timeout=SECONDS * 1000)
    return sync_api.expect(found)


def enter(page: Any, text: str) -> None:
    """Put a text into the text area, and wait until it is read."""
    page.evaluate("document.getElementById('status').textContent = ''")
    page.fill("#text", text)
    wait_until_read(page)


def wait_until_read(page: Any) -> None:
    expect(page.locator("#status")).to_have_text(READ)


def open_example(page: Any, name: str) -> None:
    page.evaluate("document.getElementById('status').textContent = ''")
    page.select_option("#example", name)
    wait_until_read(page)


def kinds(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#events .kind").all_inner_texts()]


def test_the_first_example_is_read_at_the_start(visit: Callable[..., Any]) -> None:
    page = visit()
    assert page.locator("#status").inner_text().startswith("Detected raw")
    assert "a value of Python" in page.locator("#result").inner_text()
    rules = page.locator("#findings a").all_inner_texts()
    assert {"marker-indented", "json-nan", "no-result"} <= set(rules)
    pages = Path(__file__).parents[2] / "docs" / "rules"
    assert all((pages / f"{rule}.md").exists() for rule in rules)
    assert "CPython 3.14" in page.locator("#about").inner_text()


def test_what_is_pasted_is_read(visit: Callable[..., Any]) -> None:
    page = visit()
    enter(page, 'starting\nPlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: {"sum": 4.20}\n')
    assert kinds(page) == ["log", "interim result", "result"]
    assert page.locator("#result pre").inner_text() == '{\n  "sum": 4.20\n}'
    assert page.locator("#findings li").count() == 0
    page.fill("#exit-code", "3")
    page.wait_for_selector("text=Status of the job: FAILED")
    page.uncheck("#logs")
    expect(page.locator("#events li")).to_have_count(2)
    page.fill("#text", "")
    page.wait_for_selector("text=There is no input yet.")


def test_a_captured_log_is_detected_and_the_format_can_be_chosen(visit: Callable[..., Any]) -> None:
    page = visit()
    open_example(page, "docker.json")
    assert "docker-json-file" in page.locator("#status").inner_text()
    assert "There is a result on line 6" in page.locator("#result").inner_text()
    page.select_option("#format", "raw")
    page.wait_for_selector("text=Read as raw")
    assert set(kinds(page)) == {"log"}


def test_a_file_is_opened_or_dropped_with_all_its_bytes(visit: Callable[..., Any]) -> None:
    page = visit()
    content = b"one\r\nPlanQK:Job:Result: 42\r\n\xff\0\n"
    page.set_input_files("#file", {"name": "job.log", "mimeType": "text/plain", "buffer": content})
    page.wait_for_selector(f"text=job.log, {len(content)} bytes")
    page.wait_for_selector("text=There is a result on line 2")
    assert not page.locator("#text").is_visible()
    page.click("#remove")
    page.wait_for_selector("text=There is no input yet.")
    page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["PlanQK:Job:Result: 7\\n"], "other.log"));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }"""
    )
    page.wait_for_selector("text=There is a result on line 1")
    assert page.locator("#text").input_value() == "PlanQK:Job:Result: 7\n"


def test_text_from_outside_is_never_html(visit: Callable[..., Any]) -> None:
    page = visit()
    hostile = "<img src=x onerror=alert(1)><b>bold</b>\x1b[31m\u202eevil"
    enter(page, f'{hostile}\n  PlanQK:Job:Result: "{hostile}"\nPlanQK:Job:Result: "<b>x</b>"\n')
    assert page.locator("#output img, #events .text b, #result pre b").count() == 0
    assert page.locator("#events code").first.inner_text() == hostile.replace("\x1b", "\\x1b").replace(
        "\u202e", "<U+202E>"
    )
    assert page.locator("#result pre").inner_text() == '"<b>x</b>"'


def test_a_log_of_1_mb_does_not_freeze_the_page(visit: Callable[..., Any]) -> None:
    page = visit()
    page.evaluate(
        """() => {
          window.longest = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
          }).observe({ type: "longtask" });
        }"""
    )
    open_example(page, "large.log")
    assert "1.0 MB" in page.locator("#status").inner_text()
    assert page.locator("#text").input_value() == ""
    assert page.locator("#events li").count() == 200
    assert page.evaluate("window.longest") < 1000, "ms; a quiet machine has no task of 50 ms"
    page.click("#more-events")
    expect(page.locator("#events li")).to_have_count(400)


def test_a_link_holds_the_input(visit: Callable[..., Any]) -> None:
    page = visit()
    stdout = 'ümläut 🙂\nPlanQK:Job:Result: {"sum": 42}\n'
    enter(page, stdout)
    page.select_option("#format", "raw")
    page.fill("#exit-code", "0")
    page.wait_for_selector("text=Status of the job: SUCCEEDED")
    page.click("#share")
    page.wait_for_selector("text=The input is a part of it.")
    fragment = page.evaluate("location.hash")
    again = visit(fragment)
    again.wait_for_selector("text=Status of the job: SUCCEEDED")
    assert again.locator("#text").input_value() == stdout
    assert again.locator("#format").input_value() == "raw"
    assert again.locator("#output").inner_text() == page.locator("#output").inner_text()
    enter(page, "another input\n")
    assert page.evaluate("location.hash") == "", "the link is that of the input before"


def test_a_link_holds_every_byte_and_not_too_many(visit: Callable[..., Any]) -> None:
    page = visit()
    content = bytes(range(256)) + b"\nPlanQK:Job:Result: 42\r\n"
    page.set_input_files("#file", {"name": "job.log", "mimeType": "text/plain", "buffer": content})
    page.wait_for_selector("text=There is a result on line 3")
    page.click("#share")
    page.wait_for_selector("text=The input is a part of it.")
    again = visit(page.evaluate("location.hash"))
    again.wait_for_selector("text=Shared input, 280 bytes")
    again.wait_for_selector("text=There is a result on line 3")
    open_example(page, "large.log")
    page.click("#share")
    page.wait_for_selector("text=This input is too large for a link.")


def test_a_damaged_link_is_ignored(visit: Callable[..., Any]) -> None:
    page = visit("#v1.raw..AAAA")
    assert "mistake" in page.locator("#text").input_value()
    blanks = zlib.compress(b" " * 50_000_000, wbits=-15)
    bomb = base64.urlsafe_b64encode(blanks).decode().rstrip("=")
    read = "link => import('/playground/share.js').then(share => share.fromFragment(link))"
    assert page.evaluate(read, "#v1.raw.0.MwQA") == {"format": "raw", "exitCode": "0", "bytes": [49]}
    for link in ("#v1.<b>..MwQA", "#v2.raw.0.MwQA", "#v1.raw.0.%00", "#v1.raw.0.x", f"#v1.raw.0.{bomb}"):
        assert page.evaluate(read, link) is None


def test_nothing_leaves_the_page(visit: Callable[..., Any], server: Server) -> None:
    page = visit()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    server.paths.clear()
    enter(page, "a secret\nPlanQK:Job:Result: 42\n")
    page.click("#share")
    page.wait_for_selector("text=The input is a part of it.")
    assert asked == []
    request = f"() => fetch({server.other_host!r}).then(() => 'sent', () => 'refused')"
    assert page.evaluate(request) == "refused"
    assert page.workers[0].evaluate(request) == "refused"
    assert server.paths == []


def test_all_requests_go_to_the_server_of_the_page(browser: Any, server: Server) -> None:
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("#output:not([hidden])", timeout=SECONDS * 1000)
    context.close()
    own = (f"http://127.0.0.1:{server.server_port}/", f"blob:http://127.0.0.1:{server.server_port}/", "data:")
    assert any(url.endswith("pyodide.asm.wasm") for url in asked)
    assert [url for url in asked if not url.startswith(own)] == []


def test_the_keyboard_is_enough(visit: Callable[..., Any]) -> None:
    page = visit()
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert seen == ["A", "example", "file", "format", "exit-code", "text", "share", "A"]
    page.focus("#example")
    page.keyboard.press("End")  # the log of 1 MB
    page.wait_for_selector("text=1.0 MB")
    expect(page.locator("#events li")).to_have_count(200)
    page.focus("#logs")
    page.keyboard.press("Space")
    expect(page.locator("#events .log")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator("#events li")).to_have_count(200)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "more-events"
    page.keyboard.press("Enter")
    expect(page.locator("#events li")).to_have_count(400)
    page.focus("#remove")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.type("PlanQK:Job:Result: 42")
    page.wait_for_selector("text=There is a result on line 1")


def test_the_focus_is_not_lost_with_the_last_part(visit: Callable[..., Any]) -> None:
    page = visit()
    enter(page, "line\n" * 250)
    page.focus("#more-events")
    page.keyboard.press("Enter")
    expect(page.locator("#events li")).to_have_count(250)
    assert page.evaluate("document.activeElement === document.querySelectorAll('#events li')[200]")


def test_axe_finds_nothing(visit: Callable[..., Any]) -> None:
    page = visit()
    page.evaluate((assets.KEPT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    colours = set()
    for viewport, scheme in product((DESKTOP, PHONE), ("light", "dark")):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        colours.add(page.evaluate("getComputedStyle(document.body).color"))
        found = page.evaluate("axe.run()")["violations"]
        assert [(item["id"], [node["target"] for node in item["nodes"]]) for item in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert len(colours) == 2


def test_a_page_without_python_says_so(browser: Any, tmp_path: Path) -> None:
    page_folder = tmp_path / "playground"
    page_folder.mkdir()
    for file in (Path(assets.__file__).parent).glob("app.*"):
        shutil.copy(file, page_folder)
    shutil.copy(Path(assets.__file__).with_name("share.js"), page_folder)
    for other in serve(tmp_path):
        page = browser.new_page()
        page.goto(other.url)
        page.wait_for_selector("text=could not be", timeout=SECONDS * 1000)
        page.close()
