// Loaded with `node -r` by tests: makes Node claim the version in PRETEND_NODE, where no older Node is installed.
"use strict";

Object.defineProperty(process, "versions", {
  value: { ...process.versions, node: process.env.PRETEND_NODE },
});
