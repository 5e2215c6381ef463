// Runs Python, and answers what the page asks. What is known of the protocol is in report.py, not here.
//
// The page sends {id, task, ...}. An answer repeats this, with what was asked for or an `error`, but without the bytes.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const PACKAGES = ["lark", "msgspec", "planqk_protocol"];

async function fetched(path, kind) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response[kind]();
}

async function load() {
  const [python, source, ...archives] = await Promise.all([
    loadPyodide(),
    fetched("report.py", "text"),
    ...PACKAGES.map((name) => fetched(`packages/${name}.zip`, "arrayBuffer")),
  ]);
  for (const archive of archives) python.unpackArchive(archive, "zip");
  python.FS.writeFile("report.py", source);
  return python;
}

let report = null;

const TASKS = {
  read(python, { bytes, format, exitCode, logs }) {
    report?.destroy();
    report = null;
    report = python.pyimport("report").Report(python.toPy(bytes), format, exitCode);
    return { summary: report.summary(), findings: report.findings(0), events: report.events(0, logs) };
  },
  findings: (python, { start }) => ({ findings: report.findings(start) }),
  events: (python, { start, logs }) => ({ events: report.events(start, logs) }),
};

const loading = load();

loading.then(
  (python) => postMessage({ about: JSON.parse(python.pyimport("report").about()) }),
  (error) => postMessage({ failed: String(error) }),
);

onmessage = async ({ data }) => {
  const answer = { ...data, bytes: null };
  try {
    const parts = TASKS[data.task](await loading, data);
    for (const [name, text] of Object.entries(parts)) answer[name] = JSON.parse(text);
  } catch (error) {
    answer.error = String(error);
  }
  postMessage(answer);
};
