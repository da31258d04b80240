"""Pages that programs write: well formed, whole in one file, and reachable by keyboard. usage: page_checks.py PAGE.html..."""

import base64
import html.parser
import os
import re
import sys
import urllib.parse

VOID = {"meta", "link", "br", "img", "input"}
LARGEST = 5_000_000


class Page(html.parser.HTMLParser):
    """Finds what is wrong with a page."""

    def __init__(self, name):
        super().__init__(convert_charrefs=True)
        self.name, self.faults, self.open, self.ids, self.targets, self.seen = name, [], [], set(), set(), []
        self.pictures = 0

    def complain(self, text):
        self.faults.append(f"{self.name}:{self.getpos()[0]}: {text}")

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if len(given) != len(attributes):
            self.complain(f"<{tag}> has an attribute twice")
        self.seen.append((tag, given, self.open[-1] if self.open else None))
        if "id" in given:
            if given["id"] in self.ids:
                self.complain(f"two elements are called {given['id']}")
            self.ids.add(given["id"])
        for key, value in given.items():
            self.check_attribute(tag, key, value or "")
        if tag not in VOID:
            self.open.append(tag)

    def check_attribute(self, tag, key, value):
        if key.startswith("on"):
            self.complain(f"<{tag}> has the handler {key}")
        if key in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
            if value.startswith("#"):
                self.targets.add(value[1:])
            elif value.startswith("data:image/png;base64,"):
                self.pictures += 1
                if not base64.b64decode(value.split(",", 1)[1], validate=True).startswith(b"\x89PNG\r\n\x1a\n"):
                    self.complain("a picture is no PNG")
            elif value.startswith("data:image/svg+xml;base64,"):
                self.pictures += 1
                if not base64.b64decode(value.split(",", 1)[1], validate=True).rstrip().endswith(b"</svg>"):
                    self.complain("a picture is no SVG")
            elif tag == "a" and re.fullmatch(r"cells/[A-Za-z0-9._~%-]+\.html", value):
                if not os.path.isfile(os.path.join(os.path.dirname(self.name), urllib.parse.unquote(value))):
                    self.complain(f"{value} is not there")
            elif value != "data:,":
                self.complain(f"<{tag}> loads {value[:60]}")
        if key == "style" and "url(" in value:
            self.complain(f"<{tag}> has a style that loads something")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag in VOID:
            self.complain(f"<{tag}/>")
        else:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.complain(f"</{tag}> closes nothing")

    def check_whole(self, text):
        tags = [tag for tag, _, parent in self.seen if tag != "title" or parent == "head"]
        if self.open:
            self.complain(f"<{self.open[-1]}> is not closed")
        for target in self.targets - self.ids:
            self.complain(f"#{target} leads nowhere")
        for tag, count in {"html": 1, "title": 1, "main": 1, "h1": 1, "script": 1, "style": 1}.items():
            if tags.count(tag) != count:
                self.complain(f"{tags.count(tag)} elements <{tag}>, expected {count}")
        if ("html", {"lang": "en"}, None) not in self.seen:
            self.complain("the language is not said")
        if not any(tag == "a" and given.get("class") == "skip" for tag, given, _ in self.seen):
            self.complain("no link skips to the content")
        heads = sum(tag == "th" and given.get("aria-sort") == "none" for tag, given, _ in self.seen)
        if heads != tags.count("th") or heads != sum(tag == "button" and parent == "th" for tag, _, parent in self.seen):
            self.complain("a column's head is no button that sorts")
        for tag, given, parent in self.seen:
            if tag == "svg" and parent != "li" and not given.get("aria-label"):
                self.complain("a picture has no label")
            if tag == "img" and "alt" not in given:
                self.complain("a picture has no text in its place")
        if re.search(r"https?://|@import|//cdn", text):
            self.complain("an address of the network stands in it")
        if "default-src 'none'" not in text:
            self.complain("it has no policy that forbids loading")
        if len(text.encode()) > LARGEST:
            self.complain(f"{len(text.encode())} bytes, at most {LARGEST}")


def main():
    faults = []
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            text = file.read()
        page = Page(name)
        page.feed(text)
        page.close()
        page.check_whole(text)
        faults += page.faults
        print(f"{name}: {len(text)} characters, {page.pictures} pictures, {len(page.faults)} faults")
    for fault in faults:
        print(fault)
    return 1 if faults or len(sys.argv) < 2 else 0


sys.exit(main())
