// @ts-check

/** Ends the process with a message if Node is too old. Call it before you import a file that an old Node cannot load. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 9)) return;
  console.error(
    `rin needs Node 20.9 or newer; this is ${process.versions.node}. Install a newer one: https://nodejs.org/en/download`,
  );
  process.exit(1);
}
