// @ts-check
// Samples pictures from a model: every class with the same seeds, one PNG for each picture.
//     node examples/sample.mjs [MODEL] [FOLDER]
// MODEL is a model file or a run. Default: the newest run in runs/, otherwise the model that comes with rin.
import { join } from 'node:path';
import { findModel, loadModel, sample, writePng } from 'rin';

const [named, folder = 'pictures'] = process.argv.slice(2);
const path = await findModel(named);
const model = await loadModel(path);
console.log(`${path}: ${model.classes.length} classes, pictures of ${model.config.model.size} pixels`);

const seeds = [0, 1, 2];
for (const name of model.classes.length > 0 ? model.classes : [null]) {
  const images = await sample(model, { seeds, classes: [name], steps: 50 });
  for (const [index, image] of images.entries()) {
    const file = join(folder, `${name ?? 'picture'}-${seeds[index]}.png`);
    await writePng(file, image);
    console.log(`${file}: [${image.shape.join(', ')}]`);
  }
}
