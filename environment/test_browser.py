"""Does what a learner does, in JupyterLab in a real headless Chromium: runs notebooks, stops a training, talks to a model.

Started by environment/test, which finds the browser and sets everything up; takes names of tests, too. Every test has a
JupyterLab of its own on a copy of the notebooks, so that those here stay as they are. Where the size of a model is not
the point, a tiny one with random weights takes its place. A picture of the page is left in target/browser by a test that
fails. Contrasts are those of WCAG 2, measured from what the browser has drawn.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
PICTURES = ROOT / "target" / "browser"
SECONDS = 1000  # of Playwright's time, which counts milliseconds
READABLE = 4.5  # contrast of text, WCAG 2 AA
EVERYTHING = "everything"  # see write_everything

# All cells stand in the page, not only those on the screen; nothing is fetched from elsewhere.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": '{"windowingMode": "none"}',
    "@jupyterlab/apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
THEME = "@jupyterlab/apputils-extension/themes"

# Functions of the page, for the checks below.
IN_PAGE = (Path(__file__).parent / "lib" / "browser.js").read_text(encoding="utf-8")


class Lab:
    """A running JupyterLab, and a page of Chromium that shows it."""

    def __init__(self, page: Page, address: str):
        self.page = page
        self.address = address

    def open(self, notebook: str):
        self.page.goto(f"{self.address}/lab/tree/{notebook}.ipynb?reset")
        self.page.locator(".jp-Notebook .jp-MarkdownCell").first.wait_for()
        self.page.add_script_tag(content=IN_PAGE)
        self.page.wait_for_function("everyPictureIsLoaded()")

    def menu(self, name: str, entry: str):
        self.page.locator("#jp-MainMenu").get_by_text(name, exact=True).click()
        self.page.locator(".lm-Menu-item", has_text=entry).first.click()

    def run_all(self):
        """Takes the stored outputs away and starts every cell."""
        # JJava says nothing of its state before the first cell, so what can be waited for is its name.
        self.page.locator("#jp-main-statusbar").get_by_text("Java (Coldstart) |").wait_for()
        self.menu("Edit", "Clear Outputs of All Cells")
        self.page.wait_for_function("shown().outputs === 0")
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function("runningCells() > 0")

    def run_above(self, cell):
        """Starts the cells above one, as who reads up to it does.

        With all started at once JJava would, when one is stopped, go on with those that wait, and JupyterLab not show them.
        """
        self.page.locator("#jp-main-statusbar").get_by_text("Java (Coldstart) |").wait_for()
        self.menu("Edit", "Clear Outputs of All Cells")
        self.page.wait_for_function("shown().outputs === 0")
        cell.locator(".jp-InputArea").click()
        self.menu("Run", "Run All Above Selected Cell")
        self.page.wait_for_function("runningCells() > 0")

    def await_end(self, seconds: float):
        """Waits until no cell is waiting or running."""
        self.page.wait_for_function("runningCells() === 0", timeout=seconds * SECONDS)

    def cell(self, notebook: str, text: str):
        """The code cell whose source has a text; by its place, for an editor off the screen does not draw all its lines."""
        cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        return self.page.locator(".jp-CodeCell").nth(next(i for i, source in enumerate(sources) if text in source))

    def until(self, holds, seconds: float = 60):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} seconds")
            self.page.wait_for_timeout(100)


@contextmanager
def lab(name: str, theme: str = "JupyterLab Light", **settings):
    """JupyterLab on a copy of the notebooks, with settings as environment/run's --set has them; name is the picture's."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        shutil.copytree(ROOT / "notebooks", root / "notebooks")
        write_everything(root / "notebooks")
        (root / "data").symlink_to(ROOT / "data")
        for plugin, value in (SETTINGS | {THEME: f'{{"theme": "{theme}"}}'}).items():
            file = root / "settings" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(value, encoding="utf-8")
        environment = os.environ | {f"COLDSTART_{name.upper()}": str(value) for name, value in settings.items()} | {
            "COLDSTART_OUTPUT": str(root / "output"),
            "JUPYTER_DATA_DIR": str(root / "share"),  # where the signatures are: the copies are not trusted yet
            "JUPYTER_CONFIG_DIR": str(root / "config"),
            "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        }
        port, token = free_port(), secrets.token_hex(16)
        with open(root / "log", "w") as log:
            server = subprocess.Popen(
                [ROOT / ".venv" / "bin" / "jupyter", "lab", "--no-browser", f"--port={port}", "--allow-root",
                 f"--IdentityProvider.token={token}", f"--notebook-dir={root / 'notebooks'}"],
                env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            await_server(address, server, root / "log")
            browser = playwright.chromium.launch(executable_path=os.environ["COLDSTART_CHROMIUM"], args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(60 * SECONDS)
            page.goto(f"{address}/lab?token={token}")
            try:
                yield Lab(page, address)
            except BaseException:
                PICTURES.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=PICTURES / f"{name}.png")
                shutil.copy(root / "log", PICTURES / f"{name}.log")
                raise
            finally:
                browser.close()
        finally:
            end(server, address, token)


def write_everything(folder: Path):
    """One notebook with the cells of all, for one kernel and one page to be looked at."""
    all_cells = []
    for name in NOTEBOOKS:
        notebook = json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))
        all_cells += [cell | {"id": f"{name[:2]}-{cell['id']}"} for cell in notebook["cells"]]
    (folder / f"{EVERYTHING}.ipynb").write_text(json.dumps(notebook | {"cells": all_cells}), encoding="utf-8")


def end(server: subprocess.Popen, address: str, token: str):
    """Ends a server and its kernels; one that still has something under way would not go by itself."""
    def request(path: str, method: str):
        headers = {"Authorization": f"token {token}"}
        question = urllib.request.Request(f"{address}/api/{path}", method=method, headers=headers)
        return urllib.request.urlopen(question, timeout=20)

    try:
        with request("kernels", "GET") as kernels:
            for kernel in json.load(kernels):
                request(f"kernels/{kernel['id']}", "DELETE").close()
    except OSError as error:
        print(f"JupyterLab did not end its kernels: {error}", file=sys.stderr)
    server.kill()
    server.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def await_server(address: str, server: subprocess.Popen, log: Path):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api").close()
            return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text())


class BrowserTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        subprocess.run([sys.executable, ROOT / "environment" / "fixtures" / "tiny_models.py", folder.name], check=True)
        cls.tiny = Path(folder.name) / "qwen3"

    def lab(self, theme: str = "JupyterLab Light", **settings):
        return lab(self._testMethodName, theme, **settings)

    def require_clean(self, page: Page):
        """No error output, and nothing wider than the page."""
        self.assertEqual([], page.evaluate("errorOutputs()"))
        self.assertEqual([], page.evaluate("tooWide()"))

    def test_02_runs_through_with_tables_and_charts(self):
        with self.lab() as here:
            here.open("02-embeddings")
            stored = here.page.evaluate("shown()")
            here.run_all()
            here.await_end(120)
            self.require_clean(here.page)
            self.assertEqual(stored, here.page.evaluate("shown()"))
            self.assertGreater(stored["tables"], 5)
            self.assertGreater(stored["charts"], 0)

    def test_01_runs_through_with_coloured_tokens_which_a_reload_after_a_restart_shows(self):
        with self.lab() as here:
            here.open("01-tokens")
            here.run_all()
            here.await_end(60)
            self.require_clean(here.page)
            ran, texts = here.page.evaluate("shown()"), here.page.evaluate("outputTexts()")
            self.assertGreater(ran["tokens"], 30)
            here.menu("File", "Save Notebook")
            here.page.locator(".lm-TabBar-tab.jp-mod-current:not(.jp-mod-dirty)").first.wait_for()
            here.menu("Kernel", "Restart Kernel…")
            here.page.locator(".jp-Dialog button.jp-mod-accept").click()
            here.open("01-tokens")
            self.assertEqual(ran, here.page.evaluate("shown()"))
            self.assertEqual(texts, here.page.evaluate("outputTexts()"))

    def test_04_training_is_stopped_by_the_button_and_trained_on_by_the_next_cell(self):
        with self.lab(model=self.tiny, steps=20000) as here:
            here.open("04-training")
            training = here.cell("04-training", "trainer.train(live, stopButton)")
            here.run_above(training)
            here.await_end(120)
            training.locator(".jp-InputArea").click()
            here.page.keyboard.press("Control+Enter")
            chart = training.locator(".jp-OutputArea img")
            charts = set()

            def moved_twice():
                charts.add(chart.get_attribute("src"))
                return len(charts) > 2

            here.until(moved_twice)
            here.page.locator("[data-command='notebook:interrupt-kernel']").click()
            here.await_end(10)
            progress = training.locator(".jp-OutputArea")
            expect(progress).to_contain_text("stopped after")
            for next_cell in ("trainer.result()", "trainer.resume(live)"):
                here.cell("04-training", next_cell).locator(".jp-InputArea").click()
                here.page.keyboard.press("Control+Enter")
            resumed = here.cell("04-training", "trainer.resume(live)").locator(".jp-OutputArea")
            here.until(lambda: step(resumed.inner_text()) > step(progress.inner_text()))

    def test_09_chat_reads_a_typed_line_and_streams_markdown(self):
        with self.lab(model=self.tiny, steps=2, rows=24, prompts=2) as here:
            here.open("09-reasoning-role")
            here.run_all()
            here.page.locator(".jp-Stdin-input").wait_for(timeout=60 * SECONDS)
            here.page.evaluate("watchMarkdown()")
            here.page.locator(".jp-Stdin-input").fill("What is **seven** and five?")
            here.page.locator(".jp-Stdin-input").press("Enter")
            here.page.wait_for_function("document.querySelector('.jp-Stdin-input')?.value === ''")  # for the next line
            reply = here.cell("09-reasoning-role", "new ChatLoop(chat)").locator(".jp-RenderedMarkdown")
            expect(reply.locator("strong", has_text="You")).to_be_visible()
            expect(reply.locator("strong", has_text="seven")).to_be_visible()
            expect(reply.locator("strong", has_text="Reasoning")).to_be_visible()
            self.assertGreater(here.page.evaluate("markdownStates()"), 1)  # seen unfinished, too
            here.page.locator(".jp-Stdin-input").press("Enter")
            here.await_end(60)
            self.assertEqual([], here.page.evaluate("errorOutputs()"))

    def test_stored_outputs_can_be_read_in_the_dark_theme(self):
        self.require_readable("JupyterLab Dark", {"text", "table", "token", "chart"})

    def test_stored_outputs_can_be_read_in_the_light_theme(self):
        # A chart is one picture for both themes, and no colour reaches 4.5 on white and on black.
        self.require_readable("JupyterLab Light", {"text", "table", "token"})

    def require_readable(self, theme: str, kinds: set[str]):
        with self.lab(theme) as here:
            here.open(EVERYTHING)
            found = [each for each in here.page.evaluate("contrasts()") if each["kind"] in kinds]
            self.assertEqual(kinds, {each["kind"] for each in found})
            self.assertEqual([], [each for each in found if each["contrast"] < READABLE])


def step(progress: str) -> int:
    """The step that a progress line says, 0 before there is one."""
    return int(progress.partition("step ")[2].partition("/")[0] or 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
