// @ts-check
// Lets compiled PyTorch tune its kernels for all networks at once, and keep them in its cache ($TORCHINDUCTOR_CACHE_DIR):
//     node bench/gpu/warm.mjs --device cuda --dtype bfloat16 NETWORK…
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { positionals, setupOf } from './setups.mjs';

const peer = fileURLToPath(new URL('../peer.py', import.meta.url));
await Promise.all(
  positionals.flatMap((network) =>
    /** @type {const} */ (['train', 'sample']).map(async (task) => {
      const began = performance.now();
      const child = spawn('python3', [peer], { stdio: ['pipe', 'ignore', 'inherit'] });
      child.stdin.on('error', () => {}); // it has ended
      child.stdin.end(`${JSON.stringify({ ...setupOf(network, task), kind: 'plain', compile: 'max-autotune' })}\n`);
      const [code] = await once(child, 'close');
      console.log(`${network}, ${task}: exit code ${code} after ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }),
  ),
);
