"use strict";
(() => {
  const of = id => document.getElementById(id);
  const namespace = "http://www.w3.org/2000/svg";
  let set = null;      // scenes.json
  let figures = null;  // figures.json at the threshold
  let scene = 0;
  let threshold = 0;
  let asked = 0;       // figures: only the last answer counts
  let sceneAsked = 0;

  const get = async path => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const element = (parent, name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== null) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };
  const drawn = (parent, name, attributes) => {
    const made = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };
  const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

  // --- scenes: rows of figures.json are [targets, missed, detections, false alarms] ---

  const hasMiss = index => figures.scenes[index][1] > 0;
  const hasFalse = index => figures.scenes[index][3] > 0;
  const passes = index => ({
    all: true, missed: hasMiss(index), false: hasFalse(index), wrong: hasMiss(index) || hasFalse(index),
  })[of("filter").value];

  const markCurrent = () => {
    for (const button of of("list").querySelectorAll("button")) {
      const current = Number(button.dataset.scene) === scene;
      button.setAttribute("aria-current", String(current));
      if (!current) continue;
      const list = of("list"), top = button.offsetTop - list.offsetTop; // the page itself stays where it is
      if (top < list.scrollTop || top + button.offsetHeight > list.scrollTop + list.clientHeight) {
        list.scrollTop = top - list.clientHeight / 2;
      }
    }
  };

  const showList = () => {
    const list = of("list");
    list.replaceChildren();
    let shown = 0;
    set.scenes.forEach((one, index) => {
      if (!passes(index)) return;
      const [targets, missed, detections, alarms] = figures.scenes[index];
      const button = element(element(list, "li", null), "button", one.name, { type: "button", "data-scene": index });
      element(button, "small", set.truth ? `${targets - missed}/${targets}, ${alarms} false` : plural(detections, "hit"));
      button.addEventListener("click", () => go(index));
      shown++;
    });
    of("shown").textContent = `${shown} of ${plural(set.scenes.length, "image")}`;
    markCurrent();
  };

  const box = (view, component, kind) => {
    const x0 = component.x0 - 2, y0 = component.y0 - 2, x1 = component.x1 + 3, y1 = component.y1 + 3;
    if (kind === "found" || kind === "missed") {
      drawn(view, "rect", { class: `mark ${kind}`, x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
    } else {
      drawn(view, "ellipse", {
        class: `mark ${kind}`, cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, rx: (x1 - x0) / 2 + 1, ry: (y1 - y0) / 2 + 1,
      });
    }
  };

  const picture = (id, path) => {
    const { width, height } = set.scenes[scene];
    const view = of(id);
    view.setAttribute("viewBox", `0 0 ${width} ${height}`);
    view.replaceChildren();
    drawn(view, "image", { width, height, href: path });
    return view;
  };

  const showComponents = found => {
    const rows = of("components");
    rows.replaceChildren();
    const add = (component, what) => {
      const row = element(rows, "tr", null);
      element(row, "td", what);
      for (const value of [component.x.toFixed(1), component.y.toFixed(1), component.area,
        component.peak === null ? "-" : Number(component.peak.toPrecision(6))]) {
        element(row, "td", value, { class: "number" });
      }
    };
    found.targets.forEach(one => add(one, one.found ? "target, found" : "target, missed"));
    found.detections.forEach(one => add(one, one.false ? "false alarm" : "detection"));
  };

  const showScene = async () => {
    const mine = ++sceneAsked, at = threshold, index = scene;
    const { name, width, height } = set.scenes[index];
    const found = await get(`scene.json?scene=${index}&threshold=${at}`);
    if (mine !== sceneAsked) return;
    of("name").textContent = name;
    const image = picture("view-image", `image.png?scene=${index}`);
    if (set.truth) picture("view-label", `label.png?scene=${index}`);
    picture("view-score", `score.png?scene=${index}`);
    picture("view-detected", `detected.png?scene=${index}&threshold=${at}`);
    found.targets.forEach(one => box(image, one, one.found ? "found" : "missed"));
    found.detections.forEach(one => { if (!set.truth || one.false) box(image, one, set.truth ? "false" : "target"); });
    const missed = found.targets.filter(one => !one.found).length, alarms = found.detections.filter(one => one.false).length;
    of("about").textContent = `image ${index + 1} of ${set.scenes.length}, ${width} \u00d7 ${height}, ` + (set.truth
      ? `${plural(found.targets.length, "target")}, ${missed} missed, ${plural(alarms, "false alarm")}`
      : plural(found.detections.length, "detection"));
    showComponents(found);
    document.body.dataset.shown = `${index}@${at}`;
  };

  const go = index => {
    scene = index;
    history.replaceState(null, "", `#${index + 1}`);
    markCurrent();
    showScene().catch(fail);
  };

  // The next image for which `is` holds, round the end; the filter counts for plain steps only.
  const seek = (step, is) => {
    const count = set.scenes.length;
    for (let i = 1; i <= count; i++) {
      const index = (scene + step * i + count * i) % count;
      if (is(index)) return go(index);
    }
    of("about").textContent = "There is no such image at this threshold.";
  };

  // --- the threshold ---

  const showFigures = () => {
    const list = of("figures");
    list.replaceChildren();
    const card = (name, value, unit, help) => {
      const one = element(list, "div", null);
      element(one, "dt", name, { title: help });
      element(element(one, "dd", `${value} `), "small", unit);
    };
    for (const metric of figures.metrics) card(metric.label, metric.shown, metric.unit, metric.help);
    if (set.truth) card("found", `${figures.found}/${figures.targets}`, "", "targets found / targets");
    else card("detections", figures.scenes.reduce((sum, row) => sum + row[2], 0), "", "in all images");
    list.dataset.threshold = String(figures.threshold);
  };

  const judge = async () => {
    const mine = ++asked;
    of("figures").classList.add("busy");
    const answer = await get(`figures.json?threshold=${threshold}`);
    if (mine !== asked) return;
    of("figures").classList.remove("busy");
    figures = answer;
    showFigures();
    showList();
    await showScene();
  };

  let waiting = 0;
  const setThreshold = (value, from) => {
    if (!Number.isFinite(value)) return;
    threshold = value;
    if (from !== "slider") of("slider").value = String(value);
    if (from !== "number") of("threshold").value = String(value);
    clearTimeout(waiting);
    waiting = setTimeout(() => judge().catch(fail), 80);
  };

  const fail = error => { of("lead").textContent = `The program that serves this page does not answer (${error.message})`; };

  // --- keys ---

  const steps = {
    ArrowLeft: () => seek(-1, passes), ArrowRight: () => seek(1, passes),
    m: () => seek(1, hasMiss), M: () => seek(-1, hasMiss), f: () => seek(1, hasFalse), F: () => seek(-1, hasFalse),
    t: () => of("slider").focus(),
  };
  document.addEventListener("keydown", event => {
    const writes = event.target.matches("input, select");
    if (!steps[event.key] || writes || event.ctrlKey || event.altKey || event.metaKey || !figures) return;
    event.preventDefault();
    steps[event.key]();
  });
  of("previous").addEventListener("click", steps.ArrowLeft);
  of("next").addEventListener("click", steps.ArrowRight);
  of("next-miss").addEventListener("click", steps.m);
  of("next-false").addEventListener("click", steps.f);
  of("slider").addEventListener("input", () => setThreshold(Number(of("slider").value), "slider"));
  of("threshold").addEventListener("change", () => setThreshold(Number(of("threshold").value), "number"));
  of("reset").addEventListener("click", () => setThreshold(set.threshold));
  of("filter").addEventListener("change", showList);

  const begin = async () => {
    set = await get("scenes.json");
    const where = set.dataset ? ` on ${set.dataset}, split ${set.split}` : "";
    document.title = `${set.method}${where}`;
    of("title").textContent = `${set.method}${where}`;
    of("lead").textContent = `${plural(set.scenes.length, "image")}, rule ${set.rule}` +
      (set.truth ? `, protocol ${set.protocol}` : "; without ground truth: give --data");
    document.body.classList.add(set.truth ? "truth-set" : "no-truth-set");
    const slider = of("slider");
    slider.min = set.least;
    slider.max = set.most;
    slider.step = (set.most - set.least) / 1000;
    const wanted = Number(location.hash.slice(1)) - 1;
    if (Number.isInteger(wanted) && wanted >= 0 && wanted < set.scenes.length) scene = wanted;
    threshold = set.threshold;
    slider.value = String(threshold);
    of("threshold").value = String(threshold);
    await judge();
  };
  begin().catch(fail);
})();
