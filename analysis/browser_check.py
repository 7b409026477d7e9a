#!/usr/bin/env python3
"""Opens a report in headless Chromium and tells what is wrong with it.

usage: browser_check.py [--keep=DIR] [--charts=DIR] PAGE.html

Looks at the page 1200 and 400 wide, light and dark, and prints it. It must load nothing but itself, say
nothing on the console, show every picture and every one of --charts, be no wider than the window, be
legible in both themes, and become a PDF. --keep leaves screenshots and the PDF in a folder. Writes a line
for everything that is wrong. Exit status: 0 nothing is, 1 something is, 2 trouble.
"""

import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

MOST_SECONDS = 90
WIDTHS = (1200, 400)
THEMES = ("light", "dark")
LEAST_CONTRAST = 4.5  # of text, by WCAG 2

# What the page looks like now; every fold is open.
LOOK = r"""
(() => {
  document.querySelectorAll('details').forEach(fold => { fold.open = true; });
  const visible = [...document.querySelectorAll('body *')].filter(e => !e.closest('svg, .scroll'));
  const width = document.documentElement.clientWidth;
  const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = text => {
    const [r, g, b] = text.match(/[\d.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (!/, 0\)$|transparent/.test(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = e => {
    const [a, b] = [getComputedStyle(e).color, ground(e)].map(luminance).sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const name = e => e.tagName + ' "' + e.textContent.trim().slice(0, 40) + '"';
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const texts = document.querySelectorAll('h1, h2, p, th, td, dt, dd, li, a, caption, summary, figcaption');
  return {
    title: document.title,
    heading: document.querySelector('h1')?.textContent,
    ground: luminance(ground(document.body)),
    page_width: document.documentElement.scrollWidth,
    window_width: innerWidth,
    wide: visible.filter(e => e.getBoundingClientRect().right > width + 1).map(name),
    figures: [...document.querySelectorAll('figure')].map(figure => {
      const svg = figure.querySelector('svg');
      const box = svg?.getBoundingClientRect();
      return { name: figure.dataset.chart, width: box?.width ?? 0, height: box?.height ?? 0,
               drawn: svg?.querySelectorAll('path, use, image, rect, circle').length ?? 0,
               label: svg?.getAttribute('aria-label') ?? '', title: svg?.querySelector('title')?.textContent };
    }),
    links: [...document.querySelectorAll('a')].map(a => a.getAttribute('href')),
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll('*')].filter(e => e.getAttributeNames().some(n => n.startsWith('on'))).length,
    repeated_ids: ids.filter((id, index) => ids.indexOf(id) !== index),
    missing_ids: [...document.querySelectorAll('svg use')].map(e => e.getAttribute('href'))
      .filter(href => !document.querySelector(href)),
    pale: [...texts].filter(e => e.textContent.trim() && contrast(e) < %LEAST%).map(name),
    headless_tables: [...document.querySelectorAll('table')].filter(t =>
      !t.querySelector('thead th[scope=col]') || !t.caption).length,
  };
})()
""".replace("%LEAST%", str(LEAST_CONTRAST))


class Trouble(Exception):
    """Chromium could not be asked."""


class Browser:
    """Chromium, asked through a pair of pipes."""

    def __init__(self, program, profile):
        to_browser, self.send_end = os.pipe()
        self.receive_end, from_browser = os.pipe()
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank",
        ]

        # Chromium takes its orders at 3 and answers at 4.
        def place_pipes():
            first = os.dup(to_browser)
            second = os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
            command, close_fds=False, preexec_fn=place_pipes, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.deadline = time.monotonic() + MOST_SECONDS
        self.bytes = b""
        self.events = []
        self.last_id = 0
        self.session = None

    def receive(self):
        """The next message."""
        while b"\0" not in self.bytes:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.receive_end], [], [], left)[0]:
                raise Trouble(f"no answer from Chromium within {MOST_SECONDS} s")
            part = os.read(self.receive_end, 1 << 20)
            if not part:
                raise Trouble("Chromium ended")
            self.bytes += part
        message, self.bytes = self.bytes.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        """The result of a command; what happens meanwhile is kept in `events`."""
        self.last_id += 1
        request = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        message = json.dumps(request).encode() + b"\0"
        while message:
            message = message[os.write(self.send_end, message):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise Trouble(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        """Until this happens, or has since `events` were last emptied."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def open(self, address):
        """A page, from here on the one that is asked."""
        self.session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.events.clear()
        self.ask("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def show(self, width, theme):
        """Makes the window so wide, and the theme the reader's."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def look(self):
        """What the page looks like."""
        answer = self.ask("Runtime.evaluate", expression=LOOK, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Trouble(f"the page cannot be looked at: {answer['exceptionDetails']}")
        return answer["result"]["value"]

    def end(self):
        """Of this process and all that it started."""
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.send_end)
        os.close(self.receive_end)


def noises(events, address):
    """What the page loaded or said, beside itself."""
    for event in events:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield f"exception: {parameters['exceptionDetails'].get('text')}"
        elif method == "Runtime.consoleAPICalled":
            yield f"console: {parameters.get('args')}"
        elif method == "Log.entryAdded":
            yield f"console: {parameters['entry'].get('text')}"
        elif method == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if url != address and not url.startswith("data:"):
                yield f"fetches {url}"


def faults(look, charts):
    """What is wrong with the page whatever its width and theme."""
    if not look["title"] or look["title"] != look["heading"]:
        yield f"the title is '{look['title']}', the heading '{look['heading']}'"
    if look["scripts"] or look["handlers"]:
        yield "it has scripts"
    for key in ("repeated_ids", "missing_ids"):
        if look[key]:
            yield f"{key}: {look[key][:5]}"
    if look["headless_tables"]:
        yield f"{look['headless_tables']} tables have no header or no caption"
    names = [figure["name"] for figure in look["figures"]]
    for chart in charts:
        if chart not in names and not any(link.endswith(f"{chart}.svg") for link in look["links"]):
            yield f"{chart} is missing"


def faults_of_view(look, theme):
    """What is wrong with what is seen at a width in a theme."""
    if look["page_width"] > look["window_width"]:
        yield f"it is {look['page_width']} wide"
    for name in look["wide"][:5]:
        yield f"reaches out of the window: {name}"
    for figure in look["figures"]:
        if figure["width"] < 100 or figure["height"] < 100 or figure["drawn"] < 5:
            yield f"picture {figure['name']} is not seen"
        if not figure["label"] or figure["title"] != figure["label"]:
            yield f"picture {figure['name']} has no label"
    if (look["ground"] > 0.5) != (theme == "light"):
        yield "the ground is not that of the theme"
    for name in look["pale"][:5]:
        yield f"hard to read: {name}"


def keep(folder, name, data):
    """Writes base64 to a file, where it is wanted."""
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        (pathlib.Path(folder) / name).write_bytes(base64.b64decode(data))


def check_views(browser, address, charts, folder):
    """Everything that is wrong on the screen."""
    found = []
    browser.open(address)
    for width in WIDTHS:
        for theme in THEMES:
            browser.show(width, theme)
            look = browser.look()
            found += [f"{width} {theme}: {fault}" for fault in faults_of_view(look, theme)]
            if folder:
                shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=True)
                keep(folder, f"{width}-{theme}.png", shot["data"])
    return found + list(faults(look, charts)) + list(noises(browser.events, address))


def check_print(browser, folder):
    """Everything that is wrong on paper."""
    pdf = browser.ask("Page.printToPDF", printBackground=False, preferCSSPageSize=True)["data"]
    keep(folder, "report.pdf", pdf)
    content = base64.b64decode(pdf)
    if not content.startswith(b"%PDF-") or b"/Type /Page" not in content:
        return ["it does not become a PDF"]
    return []


def check(program, page, charts, folder):
    """Everything that is wrong with the page."""
    address = pathlib.Path(page).resolve().as_uri()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            return check_views(browser, address, charts, folder) + check_print(browser, folder)
        finally:
            browser.end()


def main(arguments):
    """The command line."""
    if arguments == ["--help"]:
        print(__doc__)
        return 0
    folder, charts, page = None, [], None
    for argument in arguments:
        if argument.startswith("--keep="):
            folder = argument.removeprefix("--keep=")
        elif argument.startswith("--charts="):
            charts = sorted(path.stem for path in pathlib.Path(argument.removeprefix("--charts=")).glob("*.svg"))
        else:
            page = argument
    program = shutil.which("chromium")
    if page is None or not os.path.exists(page) or program is None:
        print("browser_check: " + ("chromium is not installed" if program is None else "give the page; see --help"),
              file=sys.stderr)
        return 2
    try:
        found = check(program, page, charts, folder)
    except Trouble as trouble:
        print(f"browser_check: {trouble}", file=sys.stderr)
        return 2
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
