"""A page, opened in a real browser and checked by a script.

Playwright would do the same, but supports only the browsers that it downloads itself.
"""

import contextlib
import fcntl
import html
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import time

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
CHECKS = pathlib.Path(__file__).with_name("browser.js")
SCHEMES = {"dark": 0, "light": 1}
PHONE, LAPTOP, DESK = 390, 1100, 1280

needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


def looked_at(page, folder, width=PHONE, scheme="light") -> dict:
    """What a person would complain about, and the number of images.

    The page is in a frame of this width, without a network.
    """
    outer = folder / f"outer-{width}-{scheme}.html"
    source = html.escape(page.read_text("utf-8"), quote=True)
    outer.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><body>'
        f'<iframe id="page" width="{width}" height="844" srcdoc="{source}"></iframe>'
        "<script>addEventListener('load', () => {"
        f"{CHECKS.read_text('utf-8')}"
        "});</script>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000"),
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            *(f"--user-data-dir={folder / 'profile'}", "--dump-dom", outer.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    answer = re.search(r"<body>(\{.*\})</body>", done.stdout, re.DOTALL)
    assert answer, done.stdout[-500:] + done.stderr[-2000:]
    return json.loads(html.unescape(answer.group(1)))


class Driven:
    """A page in a browser, with control of its mouse, keys and screen.

    It uses the DevTools protocol over two pipes.
    """

    def __init__(self, process, wires):
        self.process, (self.reading, self.writing) = process, wires
        self.number, self.session, self.unread = 0, None, b""
        self.events = []

    def call(self, method, **params):
        """Calls a method of the protocol, and waits for its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self):
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.reading], [], [], 60)
            assert ready, "the browser sends nothing"
            part = os.read(self.reading, 2**20)
            assert part, "the browser has gone"
            self.unread += part
        message, _, self.unread = self.unread.partition(b"\0")
        return json.loads(message)

    def open(self, page, width=DESK, height=900, **media):
        """Opens a file; keywords are media features, with _ for -."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attach = {"targetId": target, "flatten": True}
        self.session = self.call("Target.attachToTarget", **attach)["sessionId"]
        for domain in ("Page", "Runtime"):
            self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", **size, mobile=False)
        self.media(**media)
        self.call("Page.navigate", url=page.as_uri())
        self.wait("document.readyState === 'complete'")

    def media(self, media="", **features):
        named = [
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()
        ]
        self.call("Emulation.setEmulatedMedia", media=media, features=named)

    def ask(self, expression):
        """The value of an expression of JavaScript, a promise's too."""
        options = {"returnByValue": True, "awaitPromise": True}
        found = self.call("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not self.ask(condition):
            assert time.monotonic() < end, f"it never came: {condition}"
            time.sleep(0.02)

    def key(self, name):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name)

    def drag(self, positions):
        """Presses the mouse at the first position, and releases it at the last."""
        kinds = ["mousePressed", *["mouseMoved"] * (len(positions) - 1)]
        button = {"button": "left", "buttons": 1, "clickCount": 1}
        for kind, (x, y) in zip(kinds, positions):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)
        x, y = positions[-1]
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, **button)

    def touch(self, positions):
        """Moves a finger over the screen."""
        kinds = ["touchStart", *["touchMove"] * (len(positions) - 1)]
        for kind, (x, y) in zip(kinds, positions):
            points = [{"x": x, "y": y}]
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def box(self, selector):
        """Left, top, width and height of an element on the screen."""
        found = f"document.querySelector({json.dumps(selector)})"
        return self.ask(
            f"(({{left, top, width, height}}) => [left, top, width, height])"
            f"({found}.getBoundingClientRect())"
        )

    def complaints(self):
        """What the page threw, or logged as an error."""
        return [
            event
            for event in self.events
            if event["method"] == "Runtime.exceptionThrown"
            or event["params"].get("type") == "error"
        ]


# What becomes the browser, with the pipes where it expects them.
_WIRED = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execvp(sys.argv[3], sys.argv[3:])"
)


@contextlib.contextmanager
def driven(folder):
    """A browser to drive, without a network."""
    # Above the numbers that the browser expects.
    ends = (*os.pipe(), *os.pipe())
    inner, writing, reading, outer = (
        fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends
    )
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", _WIRED, str(inner), str(outer), BROWSER),
            *("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}"),
        ],
        pass_fds=(inner, outer),
        stderr=subprocess.DEVNULL,
    )
    for end in (*ends, inner, outer):
        os.close(end)
    browser = Driven(process, (reading, writing))
    try:
        yield browser
        browser.session = None
        browser.call("Browser.close")
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
        for end in (reading, writing):
            os.close(end)
