// What environment/test_browser.py asks of a page of JupyterLab.

const notebook = () => document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook");
const all = (selector) => [...notebook().querySelectorAll(selector)];
const outputs = () => all(".jp-OutputArea-output");
const isToken = (element) => element.matches(".jp-OutputArea-output span[style*='border-radius:3px;padding']");

function everyPictureIsLoaded() {
  return all("img").every((img) => img.complete && img.naturalWidth > 0);
}

function runningCells() {
  return all(".jp-CodeCell .jp-InputPrompt").filter((prompt) => prompt.textContent.includes("*")).length;
}

function shown() {
  return {
    outputs: outputs().length,
    tables: all(".jp-OutputArea-output table").length,
    charts: all(".jp-OutputArea-output img").length,
    tokens: all(".jp-OutputArea-output span").filter(isToken).length,
  };
}

function outputTexts() {
  return outputs().map((output) => output.innerText);
}

function errorOutputs() {
  return all(".jp-OutputArea-output[data-mime-type$='.stderr'], .jp-OutputArea-output[data-mime-type$='.error']")
    .map((output) => output.innerText);
}

// Outputs and prose that stand out of the notebook, or have to be scrolled sideways.
function tooWide() {
  const right = notebook().getBoundingClientRect().right;
  return all(".jp-OutputArea-output, .jp-OutputArea-output *, .jp-MarkdownOutput, .jp-MarkdownOutput *, .cm-scroller")
    .filter((element) => !element.closest("mjx-container")) // has parts for screen readers, clipped
    .filter((element) => element.getBoundingClientRect().right > right + 1
      || getComputedStyle(element).overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1)
    .map((element) => `${element.tagName} ${element.innerText ?? ""}`.slice(0, 120));
}

// ---- the chat, while it is written ----

let markdownSeen;

function watchMarkdown() {
  markdownSeen = new Set();
  new MutationObserver(() => {
    const rendered = all(".jp-OutputArea-output .jp-RenderedMarkdown, .jp-OutputArea-output.jp-RenderedMarkdown");
    if (rendered.length > 0) markdownSeen.add(rendered.at(-1).innerText);
  }).observe(notebook(), {childList: true, subtree: true, characterData: true});
}

function markdownStates() {
  return markdownSeen.size;
}

// ---- contrast, as WCAG 2 defines it; colours are [red, green, blue, alpha] with alpha from 0 to 1 ----

function parsed(colour) {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
}

function over(top, below) {
  return [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
}

function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3)
    .map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

// Elements from the page inwards: each paints its background, and its opacity mixes all of it with what lies below.
function lineage(element) {
  const line = [];
  for (let at = element; at; at = at.parentElement) line.unshift(getComputedStyle(at));
  return line;
}

function background(element) {
  return lineage(element).reduce((below, style) => {
    const [r, g, b, a] = parsed(style.backgroundColor);
    return over([r, g, b, a * style.opacity], below);
  }, [255, 255, 255, 1]);
}

function textContrast(element) {
  const below = background(element);
  const [r, g, b, a] = parsed(getComputedStyle(element).color);
  const opacity = lineage(element).reduce((product, style) => product * style.opacity, 1);
  return contrast(over([r, g, b, a * opacity], below), below);
}

// The colours of a picture that are drawn on the page itself: solid, with the page next to them. What is pale is a smoothed
// edge, or decoration as a chart's grid; what lies inside a bar, as the lower half of an interval, is not on the page.
function pictureContrasts(img) {
  const canvas = document.createElement("canvas");
  const [width, height] = [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(img, 0, 0);
  const {data} = context.getImageData(0, 0, width, height);
  const alpha = (pixel) => data[4 * pixel + 3] ?? 0;
  const count = new Map();
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (alpha(pixel) < 250 || [-3, 3, -3 * width, 3 * width].every((way) => alpha(pixel + way) >= 128)) continue;
    const colour = data.slice(4 * pixel, 4 * pixel + 3).join();
    count.set(colour, (count.get(colour) ?? 0) + 1);
  }
  const below = background(img);
  return [...count].filter(([, pixels]) => pixels >= 100)
    .map(([colour]) => ({colour: `rgb(${colour})`, contrast: contrast(colour.split(",").map(Number), below)}));
}

function kindOf(element) {
  return isToken(element) ? "token" : element.closest("table") ? "table" : "text";
}

// Every kind of text by its style, and every colour of the charts, once.
function contrasts() {
  const found = new Map();
  const keep = (kind, what, ratio) => {
    const key = `${kind} ${ratio.toFixed(2)}`;
    if (!found.has(key)) found.set(key, {kind, what: what.slice(0, 80), contrast: ratio});
  };
  for (const area of all(".jp-MarkdownOutput, .jp-OutputArea-output")) {
    const texts = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      const text = texts.currentNode.data.trim();
      if (text && element.checkVisibility() && !element.closest("style, script, .jp-InternalAnchorLink")) {
        keep(kindOf(element), text, textContrast(element));
      }
    }
  }
  for (const img of all(".jp-OutputArea-output img")) {
    pictureContrasts(img).forEach(({colour, contrast}) => keep("chart", colour, contrast));
  }
  return [...found.values()];
}
