// Runs pytest in Pyodide: node run.mjs PYODIDE REPOSITORY WHEELS ARGUMENT...
//
// The repository is mounted, not copied. The exit code is that of pytest, or 3 if it could not be run.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, repository, wheels, ...args] = process.argv.slice(2);

async function run() {
  const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")));
  const python = await loadPyodide({
    env: { HOME: "/home/pyodide", HYPOTHESIS_PROFILE: "ci", PYTHONDONTWRITEBYTECODE: "1" },
  });
  for (const name of readdirSync(wheels)) {
    python.unpackArchive(new Uint8Array(readFileSync(join(wheels, name))), "zip");
  }
  python.mountNodeFS("/repository", repository);
  python.globals.set("arguments", python.toPy(args));
  return python.runPython(`
import os, platform, sys

sys.path[:0] = ["/repository", os.getcwd()]  # the wheels are unpacked here
os.chdir("/repository")
import pytest

print(platform.python_implementation(), platform.python_version(), "on", sys.platform, platform.machine())
int(pytest.main(arguments))
`);
}

// Node shows an error with the line of its cause, which is a megabyte here.
process.exitCode = await run().catch((error) => {
  console.error(error.message);
  return 3;
});
