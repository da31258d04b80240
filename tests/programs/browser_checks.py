"""Opens pages in headless Chromium, through its debugging pipe: no error, no request to the network, tables that sort by
keyboard, both themes, a narrow window, no JavaScript; and drives the page of browse.
usage: browser_checks.py CHROMIUM SERVER_ADDRESS FIGURES.json PAGE.html...
FIGURES.json: of `evaluate --format json --threshold T` at the same result.   $SHOTS: a folder for screenshots"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time

PATIENCE = 120  # seconds
faults = []
checks = 0


def check(what, holds):
    global checks
    checks += 1
    if not holds:
        faults.append(what)


class Browser:
    """Messages are JSON, each ended by a zero byte: from us on its descriptor 3, to us on 4."""

    def __init__(self, program):
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
                   f"--user-data-dir={self.home.name}", "--remote-debugging-pipe"]
        redirected = f'exec "$@" 3<&{to_read} 4>&{to_write} > "$BROWSER_LOG" 2>&1 < /dev/null'
        self.process = subprocess.Popen(["bash", "-c", redirected, "bash", program, *options, "about:blank"], pass_fds=(to_read, to_write),
                                        env={**os.environ, "HOME": self.home.name, "BROWSER_LOG": os.path.join(self.home.name, "log")})
        os.close(to_read)
        os.close(to_write)
        self.number, self.kept, self.events = 0, b"", []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.send(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.kept:
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise RuntimeError("the browser is gone")
            self.kept += part
        text, self.kept = self.kept.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, address):
        self.events.clear()
        self.send("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def value(self, expression):
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression):
        end = time.monotonic() + PATIENCE
        while not self.value(expression):
            if time.monotonic() > end:
                raise RuntimeError(f"never: {expression}")
            time.sleep(0.05)

    def press(self, key, **more):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, **more)

    def shoot(self, name):
        folder = os.environ.get("SHOTS")
        if folder:
            with open(os.path.join(folder, f"{name}.png"), "wb") as file:
                file.write(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def expect_quiet(self, name, allowed):
        """Since the page was opened: nothing on the console, and no request but those that begin as allowed."""
        for event in self.events:
            what = event.get("params", {})
            method = event.get("method")
            if method == "Runtime.exceptionThrown" or (method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning")) \
                    or (method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning")):
                check(f"{name}: {json.dumps(what)[:400]}", False)
            if method == "Network.requestWillBeSent":
                url = what["request"]["url"]
                check(f"{name} asks for {url[:200]}", url.startswith(("data:", *allowed)))

    def close(self):
        self.send("Browser.close")
        self.process.wait(timeout=PATIENCE)
        self.home.cleanup()


def check_sorting(browser, name):
    """Each column of the first table, by keyboard: pressed twice it stands in one order and then in the other."""
    columns = browser.value("document.querySelector('table.sortable')?.tHead.rows[0].cells.length ?? 0")
    for column in range(columns):
        orders = []
        for _ in range(2):
            browser.value(f"document.querySelector('table.sortable').tHead.rows[0].cells[{column}].firstElementChild.focus()")
            browser.press("Enter", code="Enter", windowsVirtualKeyCode=13)
            order, sorts, values = browser.value(f"""(() => {{
                const table = document.querySelector('table.sortable'), head = table.tHead.rows[0].cells[{column}];
                const cells = Array.from(table.tBodies[0].rows, row => row.cells[{column}]);
                return [head.getAttribute('aria-sort'), document.querySelectorAll('table.sortable th:not([aria-sort=none])').length,
                        head.classList.contains('number') ? cells.map(cell => cell.dataset.value === undefined ? null : Number(cell.dataset.value)) : []];
            }})()""")
            known = [value for value in values if value is not None]
            check(f"{name}, column {column}: {order}, {sorts} columns sort", order in ("ascending", "descending") and sorts == 1)
            check(f"{name}, column {column}, {order}: {values[:9]}", known == sorted(known, reverse=order == "descending") and None not in values[:len(known)])
            orders.append(order)
        check(f"{name}, column {column}: {orders}", len(set(orders)) == 2)


def check_page(browser, path):
    name, address = os.path.basename(os.path.dirname(path)) + "/" + os.path.basename(path), "file://" + os.path.abspath(path)
    look = "getComputedStyle(document.body).backgroundColor"
    browser.open(address)
    browser.shoot(name.replace("/", "_"))
    check(f"{name} has no heading", browser.value("document.querySelector('h1').textContent.length > 0"))
    check(f"{name}: the page is not styled", browser.value("document.documentElement.classList.contains('js') && getComputedStyle(document.querySelector('section')).borderTopWidth !== '0px'"))
    browser.press("Tab", code="Tab", windowsVirtualKeyCode=9)
    check(f"{name}: the first stop is no way to the content", browser.value("document.activeElement.className === 'skip' && document.activeElement.getBoundingClientRect().left >= 0"))
    browser.press("Tab", code="Tab", windowsVirtualKeyCode=9)
    check(f"{name}: the second stop is not seen", browser.value("document.activeElement.id === 'theme' && getComputedStyle(document.activeElement).outlineStyle === 'solid'"))
    light = browser.value(look)
    browser.press("Enter", code="Enter", windowsVirtualKeyCode=13)
    dark = browser.value(look)
    check(f"{name}: {light} is {dark} in the other theme", light != dark and browser.value("document.getElementById('theme').textContent") == "Light theme")
    browser.press("Enter", code="Enter", windowsVirtualKeyCode=13)
    check(f"{name}: the theme does not come back", browser.value(look) == light)
    browser.value("localStorage.clear(); delete document.documentElement.dataset.theme")
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    check(f"{name}: not dark where the system is", browser.value(look) == dark)
    browser.shoot(name.replace("/", "_") + "_dark")
    browser.send("Emulation.setEmulatedMedia", features=[])
    check_sorting(browser, name)
    browser.send("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
    wide = browser.value("document.documentElement.scrollWidth")
    check(f"{name}: {wide} pixels wide in a window of 400", wide <= 400)
    browser.shoot(name.replace("/", "_") + "_narrow")
    browser.send("Emulation.clearDeviceMetricsOverride")
    browser.expect_quiet(name, [address])
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(address)
    check(f"{name} without JavaScript", browser.value("!document.documentElement.classList.contains('js') && document.getElementById('theme').hidden && document.querySelector('main').innerText.length > 200"))
    browser.expect_quiet(name, [address])
    browser.send("Emulation.setScriptExecutionDisabled", value=False)


def check_browse(browser, address, expected):
    card = """(name => Array.from(document.querySelectorAll('#figures dt')).find(one => one.textContent === name).nextSibling.firstChild.data.trim())"""
    shown = "Number((document.body.dataset.shown ?? '-1').split('@')[0])"
    browser.open(address)
    browser.until(f"{shown} === 0")
    count = browser.value("document.querySelectorAll('#list button').length")
    check(f"{count} images, evaluate has {expected['images']}", count == expected["images"])
    threshold = expected["threshold"]
    browser.value(f"(() => {{ const field = document.getElementById('threshold'); field.value = '{threshold}'; field.dispatchEvent(new Event('change')); }})()")
    browser.until(f"Number(document.getElementById('figures').dataset.threshold) === {threshold} && document.body.dataset.shown.endsWith('@{threshold}')")
    for name, value in ("Pd", f"{100 * expected['pd']:.2f}"), ("Fa", f"{1e5 * expected['fa']:.3f}"), ("mIoU", f"{100 * expected['miou']:.2f}"), \
            ("found", f"{expected['targets_detected']}/{expected['targets']}"):
        check(f"browse shows {name} {browser.value(f'{card}({json.dumps(name)})')}, evaluate says {value}", browser.value(f"{card}({json.dumps(name)})") == value)
    browser.shoot("browse")
    browser.value("document.activeElement.blur()")
    browser.press("ArrowRight", code="ArrowRight")
    browser.until(f"{shown} === 1")
    browser.press("ArrowLeft", code="ArrowLeft")
    browser.until(f"{shown} === 0")
    browser.press("ArrowLeft", code="ArrowLeft")
    browser.until(f"{shown} === {count - 1}")
    for key, what, sign in ("m", "missed", "rect.missed"), ("f", "false alarm", "ellipse.false"):
        browser.value("document.body.dataset.shown = '-1'")
        browser.press(key)
        browser.until(f"{shown} >= 0")
        check(f"{key}: {browser.value('document.getElementById(`about`).textContent')}, no {what}", browser.value(f"document.querySelectorAll('#view-image {sign}').length") > 0)
    browser.value("(() => { const filter = document.getElementById('filter'); filter.value = 'missed'; filter.dispatchEvent(new Event('change')); })()")
    check("the filter shows all images", 0 < browser.value("document.querySelectorAll('#list button').length") <= count)
    before = browser.value("document.getElementById('figures').textContent")
    browser.value("(() => { const slider = document.getElementById('slider'); slider.value = slider.max; slider.dispatchEvent(new Event('input')); })()")
    browser.until("Number(document.getElementById('figures').dataset.threshold) === Number(document.getElementById('slider').max)")
    check("the slider changes nothing", browser.value("document.getElementById('figures').textContent") != before)
    browser.send("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
    wide = browser.value("document.documentElement.scrollWidth")
    check(f"browse: {wide} pixels wide in a window of 400", wide <= 400)
    browser.shoot("browse_narrow")
    browser.send("Emulation.clearDeviceMetricsOverride")
    browser.expect_quiet("browse", [address])


def main():
    program, address, figures = sys.argv[1:4]
    browser = Browser(program)
    with open(figures, encoding="utf-8") as file:
        check_browse(browser, address, json.load(file))
    for path in sys.argv[4:]:
        check_page(browser, path)
    browser.close()
    print(f"{checks} checks, {len(faults)} wrong")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
