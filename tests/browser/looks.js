// What test_every_page asks of a page. One object of functions, each of which lists what is wrong.
({
  // Pictures, links and buttons have a name, fields a label.
  nameless() {
    const named = (e) => e.getAttribute("aria-label") || e.getAttribute("alt") || e.getAttribute("aria-labelledby")
      || e.textContent.trim() || e.getAttribute("title");
    const all = (selector) => [...document.querySelectorAll(selector)].filter((e) => !e.closest("[aria-hidden=true]"));
    const unlabelled = (e) => !e.labels.length && !e.getAttribute("aria-label");
    return [
      ...all("img, svg, [role=img], a, button, summary").filter((e) => !named(e)),
      ...all("input:not([type=hidden]), select, textarea").filter(unlabelled),
    ].map((e) => e.outerHTML.slice(0, 90));
  },

  // Text under 4.5 to 1 against what lies behind it.
  pale() {
    const pixel = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const brush = pixel.getContext("2d", { willReadFrequently: true });
    const channels = (colour) => {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, ground) => ground.map((v, i) => top[i] * top[3] + v * (1 - top[3]));
    const behind = (e) => {
      const ground = e.parentElement ? behind(e.parentElement) : [255, 255, 255];
      return over(channels(getComputedStyle(e).backgroundColor), ground);
    };
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = (c) => c.reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
    const hasText = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const ratio = (e) => {
      const ground = behind(e);
      const [low, high] = [ground, over(channels(getComputedStyle(e).color), ground)].map(light).sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    };
    return [...document.querySelectorAll("body *:not(svg *):not([aria-disabled]):not([aria-hidden])")]
      .filter((e) => hasText(e) && e.getClientRects().length && ratio(e) < 4.5)
      .map((e) => `${e.className || e.tagName}: ${e.textContent.trim().slice(0, 30)}, ${ratio(e).toFixed(2)}`);
  },

  // Things to press under 24 pixels (WCAG 2.2, 2.5.8); links in a line of text may be smaller.
  tiny() {
    const pressed = "button, select, input:not([type=hidden]), summary, .nav a, .tabs a, .button";
    return [...document.querySelectorAll(pressed)]
      .map((e) => [e, e.getBoundingClientRect()])
      .filter(([e, box]) => e.getClientRects().length && (box.height < 24 || box.width < 24))
      .map(([e, box]) => `${e.outerHTML.slice(0, 60)} ${box.width} x ${box.height}`);
  },

  headings() {
    return [...document.querySelectorAll("h1, h2, h3, h4")].map((e) => Number(e.tagName[1]));
  },
})
