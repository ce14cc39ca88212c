/**
 * Files that are whole or absent, and the words for what a disk refuses. Nothing here loads libtorch.
 */

export { beside, finalName, sweep } from './halfFiles.js';
export { systemCode, systemReason } from './systemErrors.js';
export {
  type Change,
  type Content,
  flush,
  making,
  type Watch,
  type Write,
  writeFlushed,
  writeFolder,
  writeWhole,
} from './wholeFiles.js';
