const ways: Readonly<Record<string, string>> = {
  rin: 'npm run rin --',
  demo: 'npm run rin --',
  npx: 'npx rin',
};

/** How the user calls rin, for commands in messages: as a script of the clone, with npx, or directly. */
export const calling: string = ways[process.env.npm_lifecycle_event ?? ''] ?? 'rin';
