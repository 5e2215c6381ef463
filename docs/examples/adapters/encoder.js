// An encoder of the stdout protocol of PlanQK jobs, for the conformance kit.
"use strict";

const RESULT = "PlanQK:Job:Result:";
const INTERIM = "PlanQK:Job:InterimResult";
const FENCE = "PlanQK:Job:MultilineResult";

// The tokens of a JSON text. Numbers stay as they are written, since JSON.parse would lose digits.
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

// The text of a member of a JSON object, on one line.
function textOf(member, object) {
  const tokens = object.match(TOKEN);
  let depth = 0;
  let start = 0; // of the value, once its key was seen
  for (let at = 0; at < tokens.length; at += 1) {
    if (start && depth === 1 && (tokens[at] === "," || tokens[at] === "}")) return tokens.slice(start, at).join("");
    if (depth === 1 && tokens[at + 1] === ":" && JSON.parse(tokens[at]) === member) start = at + 2;
    if ("{[".includes(tokens[at])) depth += 1;
    if ("}]".includes(tokens[at])) depth -= 1;
  }
  throw new Error(`the record has no ${member}`);
}

// Whatever begins like a marker is kept from passing for one: of a long line, a parser may judge the beginning alone.
const isMarked = (line) => line.startsWith("PlanQK:Job:");

// One CR before the LF would be taken for a part of the line's end, so a CR at the end gets another one.
const logLine = (text) => (isMarked(text) ? ">" : "") + text + (text.endsWith("\r") ? "\r\n" : "\n");

const encoders = {
  log: (record) => logLine(JSON.parse(record).text),
  interim_result: (record) => `${INTERIM}: ${textOf("value", record)}\n`,
  result: (record) => `${RESULT} ${textOf("value", record)}\n`,
  multiline_result: (record) => `${FENCE}\n${textOf("value", record)}\n${FENCE}\n`,
};

let pending = ""; // the unfinished record
process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk) => {
  const records = (pending + chunk).split("\n"); // and nowhere else: U+2028 may stand in a string
  pending = records.pop();
  for (const record of records) process.stdout.write(encoders[JSON.parse(record).type](record));
});
