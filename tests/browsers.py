"""A page, opened in a real browser and looked at by a script."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
CHECKS = pathlib.Path(__file__).with_name("browser.js")
SCHEMES = {"dark": 0, "light": 1}
PHONE, DESK = 390, 1280

needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


def looked_at(page, folder, width=PHONE, scheme="light") -> dict:
    """What a person would complain of, and how many images there are.

    The page is in a frame as wide as wanted; the network is out of reach.
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
