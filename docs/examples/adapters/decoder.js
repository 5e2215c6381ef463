// A decoder of the stdout protocol of PlanQK jobs, for the conformance kit.
// It has no limits: it declines them with exit code 2.
"use strict";

const RESULT = Buffer.from("PlanQK:Job:Result:");
const INTERIM = Buffer.from("PlanQK:Job:InterimResult");
const FENCE = Buffer.from("PlanQK:Job:MultilineResult");
const LF = 0x0a, CR = 0x0d, COLON = 0x3a;

if (process.argv.length > 2) {
  process.stderr.write("this decoder takes no limits\n");
  process.exit(2);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
let pending = []; // pieces of the unfinished line
let number = 1; // of the line that comes next
let block = null; // the lines of an open block
let first = 0; // number of its first line
let taken = false; // whether the result slot is
let out = [];

const startsWith = (line, head) => line.subarray(0, head.length).equals(head);
const isTerminated = (raw) => raw.length > 0 && raw[raw.length - 1] === LF;
const ending = (raw) => (isTerminated(raw) ? {} : { terminated: false });

function isFence(line) {
  return startsWith(line, FENCE) && line.subarray(FENCE.length).every((byte) => " \t\r\n".includes(String.fromCharCode(byte)));
}

function withoutEnd(raw) {
  if (!isTerminated(raw)) return raw;
  const end = raw.length - 1;
  return raw.subarray(0, end > 0 && raw[end - 1] === CR ? end - 1 : end);
}

function decoded(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function content(raw) {
  const bytes = withoutEnd(raw);
  const text = decoded(bytes);
  return { ...(text === null ? { base64: bytes.toString("base64") } : { text }), ...ending(raw) };
}

function span(line, raw) {
  let breaks = 0;
  for (let at = raw.indexOf(LF); at >= 0 && at < raw.length - 1; at = raw.indexOf(LF, at + 1)) breaks += 1;
  return breaks ? { line, end_line: line + breaks } : { line };
}

function violation(code, marker, line, raw) {
  out.push(JSON.stringify({ type: "violation", ...span(line, raw), code, marker, message: code, ...content(raw) }));
}

// JSON.parse tells whether a text is JSON; its value would lose digits, so the text itself is passed on.
function value(type, line, raw, payload) {
  const text = decoded(payload);
  try {
    if (text === null) throw new SyntaxError("not UTF-8");
    JSON.parse(text);
  } catch {
    violation("invalid-json", type, line, raw);
    return;
  }
  const head = JSON.stringify({ type, ...span(line, raw), ...ending(raw) });
  const oneLine = text.replace(/[\r\n]/g, " ").replace(/^[ \t]+|[ \t]+$/g, "");
  out.push(`${head.slice(0, -1)},"value":${oneLine}}`);
}

function final(type, line, raw, payload) {
  if (taken) violation("duplicate-result", type, line, raw);
  else value(type, line, raw, payload);
  taken = true;
}

function take(line) {
  if (block) {
    block.push(line);
    if (isFence(line)) {
      const lines = block;
      block = null;
      final("multiline_result", first, Buffer.concat(lines), Buffer.concat(lines.slice(1, -1)));
    }
  } else if (startsWith(line, RESULT)) {
    final("result", number, line, withoutEnd(line).subarray(RESULT.length));
  } else if (startsWith(line, INTERIM)) {
    const rest = withoutEnd(line).subarray(INTERIM.length);
    value("interim_result", number, line, rest[0] === COLON ? rest.subarray(1) : rest);
  } else if (isFence(line)) {
    block = [line];
    first = number;
  } else {
    out.push(JSON.stringify({ type: "log", line: number, ...content(line) }));
  }
  number += 1;
}

function flush() {
  if (out.length) process.stdout.write(out.join("\n") + "\n");
  out = [];
}

process.stdin.on("data", (chunk) => {
  let start = 0;
  for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
    pending.push(chunk.subarray(start, end + 1));
    take(Buffer.concat(pending));
    pending = [];
    start = end + 1;
  }
  if (start < chunk.length) pending.push(chunk.subarray(start));
  flush();
});

process.stdin.on("end", () => {
  const last = Buffer.concat(pending);
  if (last.length) take(last);
  if (block) violation("unterminated-block", "multiline_result", first, Buffer.concat(block));
  flush();
});
