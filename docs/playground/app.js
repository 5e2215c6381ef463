// The page: takes the input, sends it to the worker, and shows the answers.
//
// Text from outside is put into the page as text, never as HTML. What is known of the protocol is in report.py.

import { fromFragment, toFragment } from "./share.js";

const MOST_BYTES = 64_000_000; // of an input
const MOST_TYPED = 100_000; // characters; a longer text is kept out of the text area, which would be slow
const PAUSE = 300; // ms without a key before what was typed is read

const at = (id) => document.getElementById(id);

let isReady = false; // whether Python is
let sharedFormat = ""; // of a link; the list of formats comes later than the link
let opened = null; // the bytes of a file or an example; null if the text area counts
let openedName = "";
let latest = 0; // id of the latest input
let timer = 0;

// ---- the worker ------------------------------------------------------------------------------------------------

// A worker that is made from a blob has the content security policy of this page.
const code = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });

worker.onerror = () => fail("The worker could not be started.");
worker.onmessage = ({ data }) => {
  if (data.about) return showAbout(data.about);
  if (data.failed) return fail(`Python could not be loaded (${data.failed}).`);
  if (data.id !== latest) return; // the input is another one by now
  if (data.error) return fail(`This input could not be read: ${data.error}`);
  if (data.summary) showSummary(data.summary);
  if (data.findings) append("findings", data.start, data.findings, findingItem);
  if (data.events && data.logs === at("logs").checked) append("events", data.start, data.events, eventItem);
  at("output").hidden = false;
};

function ask(task, start, more = {}) {
  worker.postMessage({ id: latest, task, start, logs: at("logs").checked, ...more });
}

function fail(message) {
  latest += 1; // what is still being read is shown no more
  at("status").textContent = message;
  at("output").hidden = true;
}

// ---- the input -------------------------------------------------------------------------------------------------

const input = () => opened ?? new TextEncoder().encode(at("text").value);

function read() {
  clearTimeout(timer);
  if (!isReady) return;
  latest += 1;
  const bytes = input();
  if (!bytes.length) return fail("There is no input yet.");
  const number = at("exit-code").valueAsNumber;
  const exitCode = Number.isInteger(number) ? number : undefined;
  at("status").textContent = "The input is being read …";
  ask("read", 0, { bytes, format: at("format").value, exitCode });
}

function readSoon() {
  forgetLink();
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE);
}

// Bytes go into the text area if it keeps them as they are, else they are held beside it.
function open(bytes, name) {
  if (bytes.length > MOST_BYTES) {
    return fail(`${name} has more than ${size(MOST_BYTES)}. The command planqk-protocol reads files of any size.`);
  }
  const text = bytes.length > MOST_TYPED ? null : exactText(bytes);
  opened = text === null ? bytes : null;
  openedName = name;
  at("text").value = text ?? "";
  showOpened();
  read();
}

// The text of bytes; null if a text area would alter it, or hide some of it.
function exactText(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /[\0\r]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

function showOpened() {
  at("opened").hidden = opened === null;
  at("opened-name").textContent = opened && `${openedName}, ${size(opened.length)}`;
  at("text-label").hidden = at("text").hidden = opened !== null;
}

async function openFile(file) {
  if (!file) return;
  forgetLink();
  at("example").value = "";
  try {
    open(new Uint8Array(await file.slice(0, MOST_BYTES + 1).arrayBuffer()), file.name);
  } catch {
    fail(`${file.name} cannot be read.`);
  }
}

async function openExample() {
  const name = at("example").value;
  if (!name) return;
  forgetLink();
  const response = await fetch(`examples/${name}`).catch(() => null);
  if (!response?.ok) return fail(`The example ${name} cannot be loaded.`);
  at("file").value = at("exit-code").value = at("format").value = "";
  open(new Uint8Array(await response.arrayBuffer()), name);
}

at("example").onchange = openExample;
at("file").onchange = () => openFile(at("file").files[0]);
at("format").onchange = at("exit-code").oninput = readSoon;
at("text").oninput = () => {
  at("example").value = "";
  readSoon();
};
at("text").onpaste = (event) => {
  const pasted = event.clipboardData.getData("text");
  if (pasted.length <= MOST_TYPED) return;
  event.preventDefault();
  open(new TextEncoder().encode(pasted), "Pasted text");
};
at("remove").onclick = () => {
  forgetLink();
  opened = null;
  at("text").value = at("file").value = at("example").value = "";
  showOpened();
  read();
  at("text").focus();
};

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("is-dropping", name.startsWith("drage") || name === "dragover");
    if (name === "drop") openFile(event.dataTransfer.files[0]);
  });
}

// ---- the output ------------------------------------------------------------------------------------------------

// An element with a text or with children, and a class if one is given.
function element(tag, content = "", className = "") {
  const made = document.createElement(tag);
  made.append(...[content].flat());
  if (className) made.className = className;
  return made;
}

const number = (value) => value.toLocaleString("en");
const counted = (value, what) => `${number(value)} ${what}${value === 1 ? "" : "s"}`;
const size = (bytes) =>
  bytes < 1000 ? counted(bytes, "byte") : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const rest = (left) => (left ? [element("span", ` … ${counted(left, "character")} more`, "note")] : []);

function showAbout({ package: version, python, formats }) {
  for (const { id, title } of formats) at("format").append(new Option(`${id}: ${title}`, id));
  at("format").value = sharedFormat;
  at("about").textContent = `planqk_protocol ${version} on CPython ${python}, in Pyodide.`;
  isReady = true;
  read();
}

function showSummary({ format, title, isDetected, containers, lines, bytes, status, result, reason, suspectReason }) {
  const several = containers.length > 1 ? ` It holds the containers ${containers.join(", ")}; the first one is read.` : "";
  at("status").textContent =
    `${isDetected ? "Detected" : "Read as"} ${format} (${title}): ` +
    `${counted(lines, "line")} of standard output, ${size(bytes)}.${several}`;
  const shown = [];
  if (result) {
    shown.push(element("p", [element("b", "There is a result", "is-good"), ` on line ${number(result.line)}.`]));
    const text = element("pre", [result.text, ...rest(result.left)]);
    text.tabIndex = 0; // so that a long one can be scrolled with the keyboard
    shown.push(text);
  } else if (reason) {
    const place = `, because the first one, on line ${number(reason.line)}, is not valid: ${reason.message}`;
    shown.push(element("p", [element("b", "There is no result", "is-bad"), place]));
  } else {
    shown.push(element("p", [element("b", "There is no result", "is-bad"), "."]));
  }
  if (suspectReason) shown.push(element("p", [element("b", "It may be wrong: ", "is-bad"), `${suspectReason}.`]));
  const given = at("exit-code").value === "" ? ". No exit code is given." : ".";
  shown.push(element("p", `Status of the job: ${status}${given}`));
  at("result").replaceChildren(...shown);
}

// Show the part of a list that begins at item number `start`; a button asks for the next part.
function append(list, start, { items, total }, made) {
  if (start === 0) at(list).replaceChildren();
  if (start !== at(list).childElementCount) return; // the part was asked for twice
  const button = at(`more-${list}`);
  const isPressed = button === document.activeElement;
  const elements = items.map(made);
  at(list).append(...elements);
  const shown = at(list).childElementCount;
  at(`${list}-count`).textContent = shown < total ? `(${number(shown)} of ${number(total)})` : `(${number(total)})`;
  button.hidden = shown >= total;
  if (isPressed && button.hidden) {
    elements[0].tabIndex = -1; // where the keyboard goes on
    elements[0].focus();
  }
}

function findingItem({ rule, severity, line, column, message, advice, excerpt }) {
  const link = element("a", rule);
  link.href = `../rules/${rule}.html`;
  const place = line === null ? "" : `, line ${number(line)}, column ${number(column)}`;
  const parts = [element("p", [element("b", severity), " ", link, place]), element("p", message)];
  if (excerpt) parts.push(element("pre", [excerpt.before, element("mark", excerpt.spot), excerpt.after]));
  if (advice) parts.push(element("p", advice, "note"));
  return element("li", parts, severity);
}

function eventItem({ type, line, end_line: last, message, doubts, text, left }) {
  const words = (name) => name.replace("_", " ");
  const kind = [element("b", words(type)), ...doubts.map((doubt) => element("span", words(doubt), "note"))];
  const note = message ? [element("span", message, "note")] : [];
  const parts = [
    element("span", last ? `${line}–${last}` : `${line}`, "line"),
    element("span", kind, "kind"),
    element("span", [element("code", text), ...rest(left), ...note], "text"),
  ];
  return element("li", parts, type);
}

at("more-findings").onclick = () => ask("findings", at("findings").childElementCount);
at("more-events").onclick = () => ask("events", at("events").childElementCount);
at("logs").onchange = () => ask("events", 0);

// ---- links -----------------------------------------------------------------------------------------------------

at("share").onclick = async () => {
  const fragment = await toFragment(input(), at("format").value, at("exit-code").value);
  if (!fragment) return (at("shared").textContent = "This input is too large for a link.");
  history.replaceState(null, "", fragment);
  try {
    await navigator.clipboard.writeText(location.href);
    at("shared").textContent = "The link is copied. The input is a part of it.";
  } catch {
    at("shared").textContent = "The link is in the address bar. The input is a part of it.";
  }
};

// A link is not that of the input any more when the input changes.
function forgetLink() {
  at("shared").textContent = "";
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
}

async function openShared() {
  const shared = await fromFragment(location.hash);
  if (!shared) return false;
  sharedFormat = shared.format;
  at("format").value = sharedFormat;
  at("exit-code").value = shared.exitCode;
  open(shared.bytes, "Shared input");
  return true;
}

// ---- the start -------------------------------------------------------------------------------------------------

addEventListener("hashchange", openShared);
if (!(await openShared())) {
  at("example").value = "mistakes.log";
  await openExample();
}
