"""firefox_session.py PORT FOLDER: browses the pages in FOLDER with the Firefox whose Marionette listens on PORT.

Tabs are opened, worked by wheel, keys and mouse as a user would, left and closed. Every page counts what it has
done, which is checked: a page that fails ends the session with a message and status 1.
"""
import json
import os
import random
import socket
import sys
import time

MAX_TABS = 5
READING_SECONDS = 1
IDLE_SECONDS = 32
DRIVER = "webdriver-element-"


class Marionette:
    """Mozilla's protocol of remote control: JSON over TCP, each message after its length and a colon."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream = self.socket.makefile("rb")
        self.messages = 0
        self.receive()

    def receive(self):
        length = b""
        while not length.endswith(b":"):
            byte = self.stream.read(1)
            if not byte:
                raise SystemExit("firefox_session: Firefox has closed the connection")
            length += byte
        return json.loads(self.stream.read(int(length[:-1])))

    def __call__(self, command, **parameters):
        self.messages += 1
        text = json.dumps([0, self.messages, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.receive()
        if error:
            raise SystemExit(f"firefox_session: {command}: {error['message']}")
        return result["value"] if isinstance(result, dict) and "value" in result else result


class Browser:
    def __init__(self, port, folder):
        self.do = Marionette(port)
        self.folder = os.path.abspath(folder)
        self.rng = random.Random(11)
        self.do("WebDriver:NewSession")
        self.do("WebDriver:SetWindowRect", width=1280, height=900)
        self.first = self.do("WebDriver:GetWindowHandle")
        self.tabs = []

    def script(self, text, *arguments):
        return self.do("WebDriver:ExecuteScript", script=text, args=list(arguments))

    def element(self, selector):
        return next(iter(self.do("WebDriver:FindElement", using="css selector", value=selector).values()))

    def go(self, page):
        self.do("WebDriver:Navigate", url=f"file://{self.folder}/{page}.html")

    def switch(self, tab):
        self.do("WebDriver:SwitchToWindow", handle=tab, focus=True)

    def open(self, page):
        while len(self.tabs) >= MAX_TABS:
            self.close(self.rng.randrange(len(self.tabs)))
        tab = self.do("WebDriver:NewWindow", type="tab", focus=True)["handle"]
        self.tabs.append(tab)
        self.switch(tab)
        self.go(page)

    def close(self, number):
        self.switch(self.tabs.pop(number))
        self.do("WebDriver:CloseWindow")
        self.switch(self.tabs[-1] if self.tabs else self.first)

    def scroll(self, times):
        """Turns the mouse wheel by a screen `times` times, a tenth of a second apart."""
        for _ in range(times):
            actions = [{"type": "scroll", "x": 400, "y": 400, "deltaX": 0, "deltaY": 600, "duration": 60},
                       {"type": "pause", "duration": 100}]
            self.do("WebDriver:PerformActions", actions=[{"type": "wheel", "id": "wheel", "actions": actions}])

    def work(self, page, times):
        """Clicks the page's button, each time until the page says that it has done what the button asks for."""
        for _ in range(times):
            before = self.done()
            self.do("WebDriver:ElementClick", id=self.element("#work"))
            deadline = time.monotonic() + 30
            while self.done() == before:
                if time.monotonic() > deadline:
                    raise SystemExit(f"firefox_session: {page} does not come to an end")
                time.sleep(0.05)

    def done(self):
        done, error = self.script("const data = document.documentElement.dataset; return [data.done, data.error]")
        if error or done is None:
            raise SystemExit(f"firefox_session: a page failed: {error or 'no count'}")
        return int(done)

    def type_into(self, selector, text):
        self.do("WebDriver:ElementSendKeys", id=self.element(selector), text=text)

    def visit(self, page, times):
        """What a user does with a page that has just come."""
        self.scroll(2)
        time.sleep(READING_SECONDS)
        self.script("window.scrollTo(0, 0)")
        self.work(page, times)
        if page == "form":
            for number in range(6):
                self.type_into(f"#field{number}", "typed by hand, letter by letter")
        if page == "editor":
            self.type_into("#editor", "A sentence that someone types into the middle of a text. " * 2)
            self.work(page, 1)
        if page in ("images", "chart"):
            self.do("WebDriver:TakeScreenshot", full=False)
        self.scroll(1)


def browse(browser, pages, times):
    for page in pages:
        browser.open(page)
        browser.visit(page, times)
        if browser.rng.random() < 0.4 and len(browser.tabs) > 2:
            browser.switch(browser.rng.choice(browser.tabs))
            browser.scroll(2)
        if browser.rng.random() < 0.3:
            browser.do("WebDriver:Refresh")
            browser.scroll(1)


def main():
    browser = Browser(int(sys.argv[1]), sys.argv[2])
    pages = sorted(name.removesuffix(".html") for name in os.listdir(sys.argv[2]) if name.endswith(".html"))
    start = time.monotonic()
    browser.rng.shuffle(pages)
    browse(browser, pages, 2)
    browser.open("article")
    idle = time.monotonic()
    time.sleep(IDLE_SECONDS)
    for page in pages[:5]:
        browser.go(page)
        browser.visit(page, 1)
    for _ in range(3):
        browser.do("WebDriver:Back")
        browser.scroll(1)
    browser.do("WebDriver:Forward")
    browser.rng.shuffle(pages)
    browse(browser, pages, 1)
    while len(browser.tabs) > 1:
        browser.close(0)
    browser.go("article")
    time.sleep(8)
    print(f"browsed for {time.monotonic() - start:.0f} s, idle from {idle - start:.0f} s on")
    browser.do("Marionette:Quit", flags=["eForceQuit"])


main()
