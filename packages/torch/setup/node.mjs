// @ts-check

/** Ends the process, with the mend, where Node is too old. To be called before anything is imported that an old one cannot load. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 9)) return;
  console.error(
    `rin needs Node 20.9 or newer; this is ${process.versions.node}. Node 20 LTS: https://nodejs.org/en/download`,
  );
  process.exit(1);
}
