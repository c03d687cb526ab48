#!/usr/bin/env python3
"""Tests of the built site: it has every cell and output, every link inside it leads somewhere, nothing is fetched from
elsewhere, and, in a headless Chromium, no page is wider than a phone and every output can be read, light and dark.

  environment/test_site.py     builds the site first; without Chromium (CI apart) the last part is skipped
"""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "target/site"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = 390
ADDRESS = re.compile(r"https?://[\w.-]+\.[a-z]{2,}(/[^\s<>\"]*)?(#\S*)?")
ELSEWHERE = re.compile(r"(?:url\(|@import )[\"']?((?:https?:)?//[^\"') ]+)")

# Loads each page in a frame as wide as a phone and says which are wider, and which outputs have text whose contrast to
# what lies behind it is below 4.5 : 1, in both colour schemes.
PROBE = """<!doctype html><meta charset="utf-8"><script>
const parse = colour => { const [r, g, b, a] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a ?? 1] }
const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1)
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                     return 0.2126 * r + 0.7152 * g + 0.0722 * b }
function contrast(view, element) {
  const layers = []
  for (let e = element; e; e = e.parentElement) layers.unshift(parse(view.getComputedStyle(e).backgroundColor))
  const behind = layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1])
  const [a, b] = [light(over(parse(view.getComputedStyle(element).color), behind)), light(behind)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}
const load = (frame, page) => new Promise(done => { frame.onload = done; frame.src = page })
async function run() {
  const wide = [], faint = []
  let outputs = 0
  const frame = document.body.appendChild(document.createElement("iframe"))
  frame.width = PHONE; frame.height = 800; frame.style.border = 0
  for (const page of PAGES) {
    await load(frame, page)
    const doc = frame.contentDocument, view = frame.contentWindow
    if (doc.documentElement.scrollWidth > PHONE) wide.push(`${page}: ${doc.documentElement.scrollWidth} pixels`)
    for (const scheme of page.startsWith("/api/") ? [] : ["default", "slate"]) {
      doc.body.setAttribute("data-md-color-scheme", scheme)
      for (const element of doc.querySelectorAll(".output *")) {
        if (![...element.childNodes].some(node => node.nodeType == 3 && node.data.trim())) continue
        outputs++
        const ratio = contrast(view, element)
        if (ratio < 4.5) faint.push(`${page}, ${scheme}: ${element.textContent.slice(0, 40)} ${ratio.toFixed(2)}`)
      }
    }
  }
  return {wide, faint, outputs}
}
const report = result => fetch("/result", {method: "POST", body: JSON.stringify(result)})
addEventListener("load", () => run().then(report, error => report({failed: "" + error})))
</script><body>"""


class Page(HTMLParser):
    """What a page links to, what it fetches, and the places in it that can be linked to."""

    def __init__(self, file):
        super().__init__()
        self.links, self.fetched, self.anchors, self.classes = [], [], set(), []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.anchors |= {a[name] for name in ("id", "name") if name in a}
        self.classes += (a.get("class") or "").split()
        if tag in ("a", "area") and a.get("href"):
            self.links.append(a["href"])
        elif tag == "link" and a.get("rel") != "canonical" and a.get("href"):
            self.fetched.append(a["href"])
        elif a.get("src"):
            self.fetched.append(a["src"])


class SiteTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        subprocess.run([ROOT / "environment/site"], check=True)
        cls.pages = {file: Page(file) for file in sorted(SITE.rglob("*.html")) if file.name != "404.html"}

    def target(self, file, link):
        path = unquote(urlsplit(link).path)
        return (file.parent / path).resolve() if path else file

    def testEveryLinkLeadsSomewhere(self):
        broken, inside, outside = [], 0, 0
        for file, page in self.pages.items():
            for link in page.links + page.fetched:
                if re.match(r"https?:", link):
                    outside += 1
                    if not ADDRESS.fullmatch(link):
                        broken.append(f"{file.relative_to(SITE)}: {link} is no address")
                elif not link.startswith(("data:", "javascript:")):
                    inside += 1
                    target, anchor = self.target(file, link), unquote(urlsplit(link).fragment)
                    if target.is_dir():
                        target /= "index.html"
                    if not target.is_file():
                        broken.append(f"{file.relative_to(SITE)}: {link} is not there")
                    elif file.name == "constant-values.html":  # JDK 17's javadoc: a head of its contents has no place
                        continue
                    elif anchor and target in self.pages and anchor not in self.pages[target].anchors | {"__top"}:
                        broken.append(f"{file.relative_to(SITE)}: {link} has no such place")
        print(f"{len(self.pages)} pages, {inside} links inside, {outside} to elsewhere")
        self.assertEqual([], broken[:50])

    def testNothingIsFetchedFromElsewhere(self):
        fetched = {link for page in self.pages.values() for link in page.fetched if re.match(r"(https?:)?//", link)}
        for style in SITE.rglob("*.css"):
            fetched |= set(ELSEWHERE.findall(style.read_text(encoding="utf-8")))
        self.assertEqual(set(), fetched)

    def testEveryCellAndOutputIsThere(self):
        for file in sorted(ROOT.glob("notebooks/**/*.ipynb")):
            cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
            code = [cell for cell in cells if cell["cell_type"] == "code"]
            quoted = sum("".join(cell["source"]).count("```") // 2 for cell in cells if cell["cell_type"] == "markdown")
            classes = self.pages[SITE / file.relative_to(ROOT).with_suffix(".html")].classes
            self.assertEqual(len(code) + quoted, classes.count("highlight"), file.name)
            self.assertEqual(sum(len(cell["outputs"]) for cell in code), classes.count("output"), file.name)

    def testTheSearchKnowsEveryNotebook(self):
        index = json.loads((SITE / "search/search_index.json").read_text(encoding="utf-8"))
        found = {document["location"].split("#")[0] for document in index["docs"]}
        wanted = {file.relative_to(ROOT).with_suffix(".html").as_posix() for file in ROOT.glob("notebooks/**/*.ipynb")}
        self.assertEqual(set(), wanted - found)

    @unittest.skipIf(CHROMIUM is None and not os.environ.get("CI"),
                     "no Chromium here to look at the site (Debian, Ubuntu: sudo apt-get install chromium)")
    def testPagesFitAPhoneAndOutputsCanBeReadLightAndDark(self):
        ours = [file for file in self.pages if not file.is_relative_to(SITE / "api")]
        pages = [f"/{file.relative_to(SITE).as_posix()}" for file in
                 [*ours, SITE / "api/index.html", SITE / "api/org/coldstart/tokenizer/Tokenizer.html"]]
        seen = look(PROBE.replace("PHONE", str(PHONE)).replace("PAGES", json.dumps(pages)))
        print(f"{len(pages)} pages and {seen.get('outputs')} texts in outputs looked at")
        self.assertNotIn("failed", seen)
        self.assertEqual([], seen["wide"])
        self.assertEqual([], seen["faint"][:20])
        self.assertGreater(seen["outputs"], 1000)


def look(probe):
    """Opens the probe in Chromium beside the site and waits for what it reports."""
    reported, result = threading.Event(), {}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=SITE)

        def do_GET(self):
            if self.path != "/probe":
                return super().do_GET()
            self.answer(probe.encode())

        def do_POST(self):
            result.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(b"")
            reported.set()

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory() as home:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen([
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--remote-debugging-port=0", f"--user-data-dir={home}", f"http://127.0.0.1:{server.server_port}/probe"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if not reported.wait(60):
                raise AssertionError("Chromium did not report within a minute")
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
    return result


if __name__ == "__main__":
    sys.exit(unittest.main())
