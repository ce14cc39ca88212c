// @ts-check
// Makes the demo's model of the repository: `npm run demo`, then `node scripts/demo-model.mjs`. Half precision keeps it small.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { loadModel, saveModel } = await import(new URL('../packages/rin/dist/src/index.js', import.meta.url).href);
const folder = new URL('../packages/rin/models/', import.meta.url);
mkdirSync(folder, { recursive: true });
const model = await loadModel('demo/run/model.safetensors');
const path = fileURLToPath(new URL('emoji-64.safetensors', folder));
await saveModel(path, { ...model, parameters: model.network.parameters() }, { dtype: 'float16' });
console.log(path);
