"""The server of browse: its figures are those of evaluate, and it answers nobody but the page that it serves.
usage: browse_checks.py BROWSE EVALUATE FOLDER DATA evaluate's options..."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.parse

BROWSE, EVALUATE, FOLDER, DATA = sys.argv[1:5]
OPTIONS = sys.argv[5:]
faults = []
checks = 0


def check(what, holds):
    global checks
    checks += 1
    if not holds:
        faults.append(what)


def ask(port, path, method="GET", host=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    if host != "":
        connection.putheader("Host", host or f"127.0.0.1:{port}")
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text, answer.headers


def evaluated(threshold):
    command = [EVALUATE, "--data", DATA, "--threshold", threshold, "--format", "json", *OPTIONS]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def check_figures(port, root):
    for threshold in "0", "0.001", "0.25", "0.5", "0.987654321":
        status, text, _ = ask(port, f"{root}figures.json?threshold={threshold}")
        got, expected = json.loads(text), evaluated(threshold)
        check(f"figures at {threshold}: {status}", status == 200)
        for name, other in ("targets", "targets"), ("found", "targets_detected"), ("false_pixels", "false_pixels"), ("area", "area_pixels"):
            check(f"{name} at {threshold}: {got[name]}, evaluate says {expected[other]}", got[name] == expected[other])
        for metric in got["metrics"]:
            value = expected[metric["name"]]
            check(f"{metric['name']} at {threshold}: {metric['value']}, evaluate says {value}", metric["value"] == value)
        check("not all metrics are there", {one["name"] for one in got["metrics"]} >= {"pd", "fa", "miou"})


def check_page(port, root):
    for name, kind in ("", "text/html"), ("page.css", "text/css"), ("browse.css", "text/css"), ("page.js", "text/javascript"), ("browse.js", "text/javascript"):
        status, text, headers = ask(port, root + name)
        check(f"/{name}: {status}, {headers['Content-Type']}", status == 200 and headers["Content-Type"].startswith(kind) and text)
        check(f"/{name} may be kept, framed or told on", headers["Cache-Control"] == "no-store"
              and "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["Referrer-Policy"] == "no-referrer")
        check(f"/{name} names another address", b"http://" not in text.replace(b"http://www.w3.org/2000/svg", b"") and b"https://" not in text)
    scenes = json.loads(ask(port, root + "scenes.json")[1])
    check("no scenes", scenes["truth"] and len(scenes["scenes"]) > 0)
    for name in "image.png?scene=0", "label.png?scene=0", "score.png?scene=0", "detected.png?scene=0&threshold=0.5":
        status, text, headers = ask(port, root + name)
        check(f"{name}: {status}", status == 200 and headers["Content-Type"] == "image/png" and text[:4] == b"\x89PNG")
    found = json.loads(ask(port, root + "scene.json?scene=0&threshold=0.5")[1])
    check("a scene without targets and detections", set(found) == {"targets", "detections"})


def check_refusals(port, root):
    token = root.strip("/")
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    for path in "/", "/favicon.ico", f"/{wrong}/", f"/{token}", f"/{token[:-1]}/", f"/{token}{token}/", f"/x/{token}/":
        status, text, _ = ask(port, path)
        check(f"without the token {path} gives {status}: {text[:60]}", status == 404 and token.encode() not in text)
    for name in "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "scores.h5", "report.html", "//etc/passwd", "image.png", "image.png?scene=", \
            "image.png?scene=-1", "image.png?scene=1e9", "image.png?scene=999999999", "image.png?scene=99999999999999999999", \
            "image.png?scene=0%00", "image.png?scene=../0", "image.png/?scene=0":
        status, text, _ = ask(port, root + name)
        check(f"{name}: {status}", status == 404 and b"root:" not in text)
    for value in "", "nan", "inf", "1e999", "0.5x", "0x1p3", "0.5%00", "--1":
        for name in "figures.json?threshold=", "scene.json?scene=0&threshold=", "detected.png?scene=0&threshold=":
            status = ask(port, root + name + value)[0]
            check(f"{name}{value}: {status}", status == 400)
    for method in "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW":
        status, _, headers = ask(port, root, method, body=b"x=1" if method in ("POST", "PUT") else None)
        check(f"{method}: {status}", status == 405 and headers["Allow"] == "GET")
    for host in "evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", f"127.0.0.1:{port}.evil.example", "", f"[::1]:{port}":
        try:
            status, text, _ = ask(port, root, host=host)
        except http.client.HTTPException:
            continue  # a request without Host is not even read
        check(f"Host {host}: {status}", status in (400, 403) and token.encode() not in text)
    check("localhost", ask(port, root, host=f"localhost:{port}")[0] == 200)


def check_address(port):
    """It listens on the loopback address alone."""
    listening = set()
    for name in "/proc/net/tcp", "/proc/net/tcp6":
        with open(name, encoding="ascii") as table:
            for line in list(table)[1:]:
                place, state = line.split()[1], line.split()[3]
                if state == "0A" and int(place.split(":")[1], 16) == port:
                    listening.add(place.split(":")[0])
    check(f"listens on {listening}", listening == {"0100007F"})


def check_odd_clients(port, root):
    """Bytes that are no request, requests that are cut off, and many connections that say nothing."""
    silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(20)]
    for text in b"\x00\xff" * 2000 + b"\r\n\r\n", b"GET " + b"/" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHos":
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            try:
                client.sendall(text)
            except OSError:
                pass
    check("after odd clients", ask(port, root)[0] == 200)
    for client in silent:
        client.close()


def main():
    arguments = [BROWSE, FOLDER] + (["--data", DATA] if not os.path.exists(f"{FOLDER}/scores.h5") else [])
    if "centroid" in OPTIONS and "--data" in arguments:
        arguments += ["--protocol", "centroid"]
    tokens = set()
    for number in signal.SIGINT, signal.SIGTERM:
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            address = urllib.parse.urlsplit(process.stdout.readline().strip())
            root = address.path
            tokens.add(root)
            check(f"the address is {address.geturl()}", address.hostname == "127.0.0.1" and len(root) == 34)
            if number == signal.SIGINT:
                check_figures(address.port, root)
                check_page(address.port, root)
                check_refusals(address.port, root)
                check_address(address.port)
                check_odd_clients(address.port, root)
            process.send_signal(number)
            code = process.wait(timeout=30)
            said = process.stderr.read()
            check(f"after {number}: exit code {code}, {said}", code == 0 and said.count("\n") == 1)
    check("the token is the same twice", len(tokens) == 2)
    print(f"{FOLDER}: {checks} checks, {len(faults)} wrong")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())
