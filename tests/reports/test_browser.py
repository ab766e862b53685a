"""Headless Chromium opens the site from disk: its script works, its clips play, and nothing else runs."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import subprocess
import threading

import pytest

from tellbench.reports.pages import breaking

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
PATIENCE_S = 240
LOADED = """v => v.readyState > 1 || new Promise((done, failed) => {
    v.onloadeddata = done; v.onerror = () => failed("cannot be played"); v.preload = "auto"; v.load();
})"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


class Browser:
    """One page of one Chromium, spoken to over its debugging pipe."""

    def __init__(self, profile):
        theirs, ours = (os.pipe() for _ in range(2))
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs[0], ours[1])]  # clear of 3 and 4, which it reads

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, preexec_fn=place, close_fds=False, **quiet)
        for fd in (theirs[0], ours[1], *ends):
            os.close(fd)
        self._to, self._from = os.fdopen(theirs[1], "wb", 0), os.fdopen(ours[0], "rb")
        self._ids, self.events, self._session = itertools.count(1), [], {}
        self._watchdog = threading.Timer(PATIENCE_S, self.process.kill)
        self._watchdog.start()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters, **self._session}
        self._to.write(json.dumps(message).encode() + b"\0")
        while (message := self._read()).get("id") != number:
            self.events.append(message)
        assert "error" not in message, message
        return message["result"]

    def _read(self):
        text = b""
        while not text.endswith(b"\0"):
            byte = self._from.read(1)
            assert byte, "the browser is gone"
            text += byte
        return json.loads(text[:-1])

    def open(self, page):
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())
        return self

    def run(self, script):
        """The value of an expression, promises awaited, as if a reader had touched the page."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script.replace("LOADED", LOADED),
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key, code):
        for kind in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
            text = {"text": "\r"} if kind == "char" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    @property
    def complaints(self):
        wrong = []
        for event in self.events:
            kind, about = event.get("method"), event.get("params", {})
            if kind == "Runtime.exceptionThrown" or about.get("entry", {}).get("level") == "error":
                wrong.append(about)
        return wrong

    def close(self):
        self._watchdog.cancel()
        self.process.kill()
        self.process.wait()
        self._to.close()
        self._from.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def front(browser, site):
    return browser.open(site / "index.html")


def test_sorting(front):
    seen = front.run("""(() => {
        const board = document.querySelector("table.board");
        const column = (i) => [...board.tBodies[0].rows].map(r => r.cells[i].dataset.value);
        const heads = [...board.querySelectorAll("th button")];
        const click = (text) => heads.find(b => b.textContent.startsWith(text)).click();
        click("AUC"); const down = column(2).map(Number);
        click("AUC"); const up = column(2).map(Number);
        click("EER"); const eer = column(5).map(Number);
        click("fps"); return {down, up, eer, fps: column(3)};
    })()""")
    assert seen["down"] == sorted(seen["down"], reverse=True)
    assert seen["up"] == sorted(seen["up"])
    assert seen["eer"] == sorted(seen["eer"])
    assert seen["fps"] == ["140.2"] * 6 + ["31.25"] * 6 + [""] * 6


def test_headings_sort_by_keyboard(front):
    front.run("document.querySelector('table.heat th button').focus()")
    front.press("Enter", 13)
    order = "[...document.querySelector('table.heat').tBodies[0].rows].map(r => r.cells[0].dataset.value)"
    assert front.run(order) == sorted(front.run(order))
    assert front.run("document.querySelector('table.heat th').ariaSort") == "ascending"


def test_filters(front):
    seen = front.run("""(() => {
        const shown = () => [...document.querySelectorAll("table.board tbody tr")].filter(r => !r.hidden)
            .map(r => [r.cells[0].dataset.value, r.cells[1].dataset.value]);
        document.querySelector('[data-filter="null"]').click(); const made = shown().map(r => r[1]);
        document.querySelector('[data-filter=""]').click();
        const find = document.getElementById("find");
        find.value = "CNN"; find.dispatchEvent(new Event("input")); const named = shown().map(r => r[0]);
        find.value = ""; find.dispatchEvent(new Event("input"));
        const grey = document.getElementById("grey"); grey.click(); const real = shown();
        grey.click();
        return {made, named, real, count: document.getElementById("count").textContent};
    })()""")
    assert seen["made"] == ["null"] * 6
    assert seen["named"] == ["cnn:resnet18"] * 3
    assert len(seen["real"]) == 6
    assert not {"oracle", "null"} & {name for row in seen["real"] for name in row}
    assert seen["count"] == "18 of 18 rows"


def test_a_detector_is_taken_off_every_figure(front):
    off = front.run("""(() => {
        const chip = document.querySelector('[data-draw="1"]');
        const parts = [...document.querySelectorAll('[data-series="1"]')];
        const visible = () => parts.filter(p => getComputedStyle(p).display !== "none").length;
        const before = visible(); chip.click(); const after = visible(); chip.click();
        return [parts.length, before, after, visible()];
    })()""")
    assert off[0] >= 6
    assert off == [off[0], off[0], 0, off[0]]


def test_a_figure_tells_its_values_by_pointer_and_by_keyboard(front):
    front.run("document.querySelector('#tradeoff .note').focus()")
    told = "[document.activeElement.getAttribute('aria-label'), document.querySelector('.tip').textContent]"
    first = front.run(told)
    front.press("ArrowRight", 39)
    second = front.run(told)
    assert first[0] == first[1] and second[0] == second[1] and first != second
    assert "AUC" in first[0] and "fps" in first[0]
    stops = "[...document.querySelectorAll('#tradeoff .note')].filter(n => n.tabIndex === 0).length"
    assert front.run(stops) == 1, "one stop of the Tab key a figure"
    front.press("Escape", 27)
    assert front.run("document.querySelector('.tip').hidden")
    place = front.run("""(async () => {
        const note = [...document.querySelectorAll("#tradeoff .note")].at(-1);
        note.scrollIntoView({block: "center", behavior: "instant"});
        await new Promise(done => setTimeout(done, 500));  // a focus may still be scrolling
        const box = note.getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2, note.getAttribute("aria-label")];
    })()""")
    front.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    assert not front.run("document.querySelector('.tip').hidden")
    assert front.run("document.querySelector('.tip').textContent").split(" on ")[1] == place[2].split(" on ")[1]


def test_a_pair_plays_in_step(front):
    seen = front.run("""(async () => {
        const pair = document.querySelector(".pair"), videos = [...pair.querySelectorAll("video")];
        await Promise.all(videos.map(LOADED));
        const gaps = [], heads = [];
        pair.querySelector(".play").click();
        for (let i = 0; i < 200 && !videos[0].ended; i++) {
            await new Promise(done => setTimeout(done, 40));
            gaps.push(Math.abs(videos[0].currentTime - videos[1].currentTime));
            heads.push(parseFloat(pair.querySelector(".head").style.left));
        }
        await new Promise(done => setTimeout(done, 100));
        const ended = videos.map(v => v.currentTime);
        const place = pair.querySelector(".place"); place.value = 0.4; place.dispatchEvent(new Event("input"));
        await Promise.all(videos.map(v => v.seeking && new Promise(done => { v.onseeked = done; })));
        return {gaps, heads, ended, sought: videos.map(v => v.currentTime), muted: videos.map(v => v.muted),
                widths: videos.map(v => v.videoWidth), again: pair.querySelector(".play").textContent};
    })()""")
    assert seen["widths"] == [64, 64]
    assert max(seen["gaps"]) < 0.25
    heads = [head for head in seen["heads"] if head is not None]
    assert heads[-1] > heads[0] >= 0
    assert seen["ended"] == pytest.approx([1, 1], abs=0.15)
    assert seen["sought"] == pytest.approx([0.4, 0.4], abs=0.01)
    assert seen["muted"] == [False, True]
    assert seen["again"] == "Play both"


def test_theme_and_phone(front):
    ground = "getComputedStyle(document.body).backgroundColor"
    front.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    light = front.run(ground)
    front.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = front.run(ground)
    assert light != dark
    chosen = front.run(f"document.getElementById('theme').click(), {ground}")
    assert chosen == light  # a click past the system's theme chooses light
    front.run("localStorage.clear()")
    front.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    assert front.run("document.documentElement.scrollWidth") <= 360
    front.call("Emulation.clearDeviceMetricsOverride")


def test_a_long_name_is_read_whole(browser, site):
    """A fusion's name breaks between its parts, wherever it stands, at a desk and on a phone."""
    front = browser.open(site / "index.html")
    name = str(breaking("fusion:blink+brow+lips+head+sync+spectrum+residual"))
    for width in (1280, 360):
        front.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 400
        )
        seen = front.run(f"""["td.name", ".heat tbody th", ".scores dt", ".chip.key"].map(place => {{
            const spot = document.querySelector(place), text = spot.querySelector("span") || spot;
            const before = text.innerHTML;
            text.innerHTML = {json.dumps(name)};
            const whole = spot.scrollWidth <= spot.clientWidth && text.scrollWidth <= text.offsetWidth;
            text.innerHTML = before;
            return whole;
        }})""")
        assert seen == [True] * 4
    front.call("Emulation.clearDeviceMetricsOverride")


def test_a_clips_page_plays_and_nothing_complains(browser, site):
    assert browser.complaints == []
    browser.open(sorted((site / "clips").glob("*-forged.html"))[0])
    seen = browser.run("""(async () => {
        const video = document.querySelector("video");
        const box = document.querySelector("#evidence .timed .box").getBoundingClientRect();
        const down = (x) => document.querySelector("#evidence .timed .box").dispatchEvent(
            new PointerEvent("pointerdown", {clientX: box.left + x * box.width, buttons: 1}));
        await (LOADED)(video);
        down(0.5); await new Promise(done => { video.onseeked = done; });
        const picture = document.querySelector("#evidence img");
        picture.loading = "eager"; await picture.decode();
        return [video.currentTime, picture.naturalWidth];
    })()""")
    assert seen[0] == pytest.approx(0.48, abs=0.05)
    assert seen[1] == 16
    assert browser.complaints == []


def test_the_policy_lets_our_script_run_and_no_other(browser, nasty_site):
    page, text = nasty_site / "owned.html", (nasty_site / "index.html").read_text()
    page.write_text(text.replace("</body>", "<script>document.title='owned'</script></body>"))
    browser.open(page)
    assert browser.run("document.title") != "owned"
    assert browser.run("document.querySelector('.filter').hidden") is False  # ours ran
    assert any("Content Security Policy" in str(complaint) for complaint in browser.complaints)
