const ways: Readonly<Record<string, string>> = {
  rin: 'npm run rin --',
  demo: 'npm run rin --',
  npx: 'npx rin',
};

/** How the user calls rin, to be followed by a command in what is proposed: as a script of the clone, or by itself. */
export const calling: string = ways[process.env.npm_lifecycle_event ?? ''] ?? 'rin';
